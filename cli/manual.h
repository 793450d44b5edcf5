/* cli/manual.h: the manual page. */
#ifndef LAMINA_CLI_MANUAL_H
#define LAMINA_CLI_MANUAL_H

/* Prints lamina(1), made of the commands' own help. Returns the exit status. */
int man_page(void);

#endif
