/* data/folder.h: folders. */
#ifndef LM_DATA_FOLDER_H
#define LM_DATA_FOLDER_H

int lm__data_is_folder(const char *path);
int lm__data_has_folders(const char *path);     /* whether it holds a folder that is not hidden */

#endif
