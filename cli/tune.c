/* cli/tune.c: --tune FILE of the commands that run models. */
#include "cli.h"

int cli_tune(const char *path)
{
    return path && lm_set_tuning(path) ? cli_error("--tune %s: %s", path, lm_last_error()) : CLI_OK;
}

int cli_tuned(const char *path, int status)
{
    if (!path || !lm_set_tuning(NULL) || status) return status;
    return cli_error("--tune %s: %s", path, lm_last_error());
}
