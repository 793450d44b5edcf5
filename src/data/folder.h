/* data/folder.h: folders. */
#ifndef LM_DATA_FOLDER_H
#define LM_DATA_FOLDER_H

int lm__data_is_folder(const char *path);

#endif
