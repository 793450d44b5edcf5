/* lamina/lamina.h: all of Lamina.
 *
 * Threads, as one table:
 *
 *   what                                              from
 *   ------------------------------------------------  ----------------------------------------------------
 *   const calls on a model (lm_predict, names, …)     any thread, any number at once
 *   build, compile, fit, evaluate, save               one thread at a time; LM_BUSY where two meet
 *   lm_request_stop                                   any thread, and signal handlers
 *   a dataset                                         any thread; an iterator belongs to one
 *   a graph being built                               one thread
 *   lm_function_run                                   any thread without assignments, else one at a time
 *   a tensor                                          read by any number, or written by one
 *   callbacks, map functions                          called on fit's thread; prefetched maps on their own
 *   the sink                                          called by one thread at a time
 *   lm_retain, lm_free                                any thread
 *   lm_last_error                                     each thread its own
 *   lm_variable_value, lm_variable_set                as a tensor: not while a model or function changes it
 *
 * Const calls also go beside a thread that trains or changes the model. They see it between two steps, never within
 * one: lm_predict_into computes with one set of weights, lm_predict with one set for each of its batches. They wait
 * for a step that is under way, and steps for them.
 * Threads of the program's own, OpenMP's too, may call Lamina at once: who finds its compute threads at work does the
 * work itself. The results are the same bytes.
 */
#ifndef LAMINA_LAMINA_H
#define LAMINA_LAMINA_H

#include <lamina/about.h>
#include <lamina/callbacks.h>
#include <lamina/data.h>
#include <lamina/files.h>
#include <lamina/graph.h>
#include <lamina/image.h>
#include <lamina/initializers.h>
#include <lamina/layers.h>
#include <lamina/losses.h>
#include <lamina/metrics.h>
#include <lamina/model.h>
#include <lamina/object.h>
#include <lamina/ops.h>
#include <lamina/optimizers.h>
#include <lamina/plot.h>
#include <lamina/profile.h>
#include <lamina/runtime.h>
#include <lamina/sources.h>
#include <lamina/status.h>
#include <lamina/step.h>
#include <lamina/tensor.h>

#endif
