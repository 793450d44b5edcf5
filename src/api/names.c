/* api/names.c: what there is by name, and digests of bytes. */
#include <lamina/about.h>

#include "base/sha256.h"
#include "nn/layer.h"
#include "nn/loss.h"
#include "nn/metric.h"
#include "nn/optimizer.h"

#include <stdio.h>
#include <string.h>

int lm_name_of(const char *what, int index, char *name, size_t bytes)
{
    static const struct {
        const char *what;
        const lm__class *const *list;
    } kinds[] = {{"layer", lm__layer_classes},
                 {"loss", lm__loss_classes},
                 {"metric", lm__metric_classes},
                 {"optimizer", lm__optimizer_classes}};
    for (size_t k = 0; what && index >= 0 && k < sizeof kinds / sizeof *kinds; k++) {
        if (strcmp(what, kinds[k].what) != 0) continue;
        for (int i = 0; kinds[k].list[i]; i++)
            if (i == index) {
                lm__class_usual_name(kinds[k].list[i], name, bytes);
                return 1;
            }
    }
    if (bytes) name[0] = 0;
    return 0;
}

void lm_sha256(const void *data, size_t bytes, char hex[65])
{
    lm__sha256 s;
    lm__sha256_begin(&s);
    lm__sha256_feed(&s, data, bytes);
    lm__sha256_end(&s, hex);
}
