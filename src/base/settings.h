/* base/settings.h: what a program sets for the whole process. */
#ifndef LM_BASE_SETTINGS_H
#define LM_BASE_SETTINGS_H

/* Passes that plans made from now on leave out, as the bits of plan/plan.h. Any thread. */
void lm__set_passes_off(unsigned bits);
unsigned lm__passes_off(void);

#endif
