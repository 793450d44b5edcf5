/* cli/train.c: lamina train: a model trained on data from the command line, in a run that may be interrupted. */
#include "train.h"

#include "dashboard.h"
#include "inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_NAME = 240 };                    /* a file system's 255, less what a file has while it is written */

static const char help[] =
    "Trains a model and saves it.\n\n"
    "Usage: lamina train CONFIG.json|MODEL --data D --output FILE [options]\n\n"
    "  lamina train net.json --data mnist --epochs 2 --loss sparse_categorical_crossentropy --output net.keras\n"
    "  lamina train net.keras --data pictures/ --epochs 20 --early-stopping --output better.keras\n"
    "  lamina train net.json --data weather.csv --target temp_max --skip date --loss mse --dry-run\n"
    "  lamina train net.json --data mnist --epochs 2 --output net.keras --resume\n\n"
    "CONFIG.json is what model.to_json() prints in Keras: it begins with fresh weights. MODEL is a .keras or\n"
    ".h5 file: its training goes on.\n\n"
    "  --data D               a built-in name (lamina datasets lists them), an .npz with x and y, a .csv, or a\n"
    "                         folder with one sub-folder of pictures a class; its training part is used\n"
    "  --target COL           the column of a .csv that is to be predicted\n"
    "  --skip COL,…           columns of a .csv that are no input, such as a date\n"
    "  --ordered              parts for testing and validation are the last ones, not drawn: for series\n"
    "  --output FILE          where the model goes, as .keras (or .h5); whole or not at all\n"
    "  --epochs N             passes over the data (default: 1)\n"
    "  --batch-size N         examples in a step (default: 32)\n"
    "  --loss L               needed where the model says none\n"
    "  --optimizer O          (default: the model's, else adam)\n"
    "  --learning-rate R      (default: the model's, else the optimizer's)\n"
    "  --metrics M,…          (default: the model's, else accuracy for cross-entropies, mae for others)\n"
    "  --class-weight W       \"balanced\", or factors as in 0:1,1:5: how much examples of each class count\n"
    "  --validation-split F   puts this share of the training data aside and reports on it after each epoch\n"
    "  --early-stopping[=N]   ends when the validation loss (without --validation-split: the loss) has not\n"
    "                         become less for N epochs (default: 3), and goes back to the best weights\n"
    "  --log FILE             a line of JSON an epoch: epoch, step, seconds, loss, metrics, val_ of each\n"
    "  --plot FILE            the training curves as a picture: .png, .svg or .pdf\n"
    "  --dashboard[=PORT]     a page on this machine that shows the training live, with a stop button\n"
    "  --save-every N         a backup every N steps instead of one an epoch\n"
    "  --resume               goes on from the backup of a run that was interrupted: the same result, to the byte\n"
    "  --restart              begins anew although there is such a backup\n"
    "  --tune FILE            choose kernels by times measured here, once; FILE keeps what won (made if missing)\n"
    "  --dry-run              checks model, data and shapes, times a few steps, writes nothing\n"
    "  --verbose              shows the model first\n"
    "\nCtrl-C (or SIGTERM, as kill sends it) ends the batch, saves, and says how to go on; a second one kills.\n"
    "The backup lies beside the output, as FILE without its ending and .backup.keras, until the run is done.\n"
    "Pictures come as numbers from 0 to 1, or 0 to 255 where the model begins with Rescaling or\n"
    "Normalization. The last line is the receipt: seed, and SHA-256 of the training data and of the weights.\n";

/* --- before ----------------------------------------------------------------------------------------------------- */

/* FILE without its ending and ".backup.keras". */
static int name_backup(train_request *r)
{
    const char *slash = strrchr(r->output, '/'), *name = slash ? slash + 1 : r->output, *dot = strrchr(name, '.');
    int length = dot && dot != name ? (int)(dot - r->output) : (int)strlen(r->output);
    int n = snprintf(r->backup, sizeof r->backup, "%.*s.backup.keras", length, r->output);
    bool fits = n < (int)sizeof r->backup && n - (int)(name - r->output) <= LONGEST_NAME;
    return fits ? CLI_OK : cli_error("--output: the name is too long");
}

/* Better now than after the training. */
static int check_output(const train_request *r)
{
    char folder[4096];
    struct stat kind;
    const char *slash = strrchr(r->output, '/');
    if (slash == r->output) snprintf(folder, sizeof folder, "/");
    else snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - r->output) : 1, slash ? r->output : ".");
    if (stat(folder, &kind))
        return cli_error("cannot write %s: the folder %s: %s", r->output, folder, strerror(errno));
    if (!S_ISDIR(kind.st_mode)) return cli_error("cannot write %s: %s is no folder", r->output, folder);
    if (!stat(r->output, &kind) && S_ISDIR(kind.st_mode))
        return cli_error("cannot write %s: it is a folder; name a file, as in --output %s/net.keras", r->output,
                         r->output);
    if (access(folder, W_OK | X_OK))
        return cli_error("cannot write %s: the folder %s: %s", r->output, folder, strerror(errno));
    return CLI_OK;
}

/* A backup that lies there is hours of somebody's work: what becomes of it must be said. */
static int check_backup(train_request *r)
{
    bool there = !access(r->backup, F_OK);
    if (there && r->restart && !r->dry_run && unlink(r->backup))
        return cli_error("cannot remove %s: %s", r->backup, strerror(errno));
    if (there && !r->restart && !r->resume)
        return cli_error("there is %s, the backup of a run that was interrupted. --resume goes on from it, --restart "
                         "begins anew without it", r->backup);
    if (!there && r->resume) fprintf(r->data.notes, "There is no backup %s: the training begins anew\n", r->backup);
    return CLI_OK;
}

static int check_request(train_request *r)
{
    if (!r->model)
        return cli_wrong(&cli_train, "train needs a model or a configuration, as in: lamina train net.json --data "
                                     "mnist --output net.keras");
    if (!r->data.what) return cli_wrong(&cli_train, "train needs --data, as in --data mnist");
    if (!r->output && !r->dry_run)
        return cli_wrong(&cli_train, "train needs --output FILE.keras for the trained model");
    if (r->output && !cli_ends(r->output, ".keras") && !cli_ends(r->output, ".h5") && !cli_ends(r->output, ".hdf5"))
        return cli_wrong(&cli_train, "--output %s: the name must end in .keras (or .h5)", r->output);
    if (r->resume && r->restart) return cli_wrong(&cli_train, "--resume and --restart cannot both be");
    if (r->rate <= 0) return cli_wrong(&cli_train, "--learning-rate must be more than 0");
    if (r->validation >= 1)
        return cli_wrong(&cli_train, "--validation-split %g: nothing is left to train on; expected a share such as "
                         "0.2", r->validation);
    r->data.model_path = r->model;
    int status = cli_data_check(&cli_train, &r->data);
    if (!status) status = cli_picture_name(&cli_train, "plot", r->plot);
    if (status || !r->output) return status;
    status = name_backup(r);
    if (!status) status = check_output(r);
    return status ? status : check_backup(r);
}

/* --- the run ---------------------------------------------------------------------------------------------------- */

/* How the command was typed, for the shell. */
static void print_command(FILE *to, int argc, char **argv, const char *more)
{
    fputs("lamina train", to);
    for (int i = 0; i < argc; i++) {
        if (!strcmp(argv[i], more) || !strcmp(argv[i], "--restart")) continue;
        fputc(' ', to);
        cli_shell_word(to, argv[i]);
    }
    fprintf(to, " %s\n", more);
}

static int print_receipt(const lm_model *model, const cli_data *data)
{
    char of_data[65], of_weights[65];
    if (lm_data_digest(data->source, of_data) || lm_model_digest(model, of_weights))
        return cli_error("%s", lm_last_error());
    printf("receipt: seed %" PRId64 ", data sha256:%s, weights sha256:%s\n", cli_seed(), of_data, of_weights);
    return CLI_OK;
}

static void print_option(const char *option, const char *value)
{
    if (!value) return;
    printf(" --%s ", option);
    cli_shell_word(stdout, value);
}

static void print_saved(const train_request *r)
{
    printf("Saved as %s; to test it: lamina evaluate ", r->output);
    cli_shell_word(stdout, r->output);
    print_option("data", r->data.what);
    print_option("target", r->data.target);
    print_option("skip", r->data.skip);
    puts(r->data.ordered ? " --ordered" : "");
}

/* Saves, and says what there is now. */
static int finish(const train_request *r, lm_model *model, const lm_history *history, const cli_data *data, int argc,
                  char **argv)
{
    bool stopped = lm_stopped(model) || cli_interrupted();
    if (lm_save(model, r->output)) return cli_error("%s", lm_error(model));
    if (stopped) {
        fflush(stdout);
        fprintf(stderr, "lamina: interrupted; the model so far is in %s. To go on:\n  ", r->output);
        print_command(stderr, argc, argv, "--resume");
        return CLI_INTERRUPTED;
    }
    unlink(r->backup);
    print_saved(r);
    int status = print_receipt(model, data);
    if (!status && r->plot && lm_plot_history(history, r->plot, .title = r->data.what))
        status = cli_error("%s", lm_last_error());
    return status;
}

static dashboard *open_dashboard(const train_request *r, lm_model *model, lm_dataset *samples)
{
    dashboard_run run = {.title = lm_model_name(model), .output = r->output, .model = model, .samples = samples,
                         .batch_size = r->batch};
    dashboard *board = dashboard_new(r->port == CLI_ALONE ? 0 : (int)r->port, &run);
    if (board) printf("The training can be watched at http://127.0.0.1:%d/\n", dashboard_port(board));
    fflush(stdout);
    return board;
}

static void add_callbacks(const train_request *r, lm_callback **list, dashboard *board)
{
    int n = 0;
    if (r->patience >= 0 || r->patience == CLI_ALONE)
        list[n++] = lm_callback_early_stopping(.monitor = r->validation > 0 ? "val_loss" : "loss",
                                               .patience = r->patience == CLI_ALONE ? 3 : r->patience,
                                               .restore_best_weights = true, .verbose = 1);
    if (r->log) list[n++] = lm_callback_json_logger(.filename = r->log);
    if (board) list[n++] = dashboard_callback(board);
    list[n] = lm_callback_backup_and_restore(.path = r->backup, .save_freq = r->save_every,
                                             .delete_checkpoint = false);
}

static int fit(const train_request *r, lm_model *model, cli_data *data, lm_dataset *validation, int argc, char **argv)
{
    double *weights;
    const lm_history *history = NULL;
    lm_fit_args args = lm_fit_defaults();
    int status = train_class_weights(r, data, model, &weights, &args.classes);
    dashboard *board = status || r->port == -1 ? NULL : open_dashboard(r, model, data->test);
    if (!status && r->port != -1 && !board) status = CLI_FAILED;
    if (!status) {
        args.epochs = (int)r->epochs, args.batch_size = r->batch, args.validation_data = validation;
        args.class_weight = weights;
        add_callbacks(r, args.callbacks, board);
        cli_stop_on_interrupt(model);
        history = lm_fit_with(model, data->train, &args);
        status = cli_failed(model);
    }
    if (!status) status = finish(r, model, history, data, argc, argv);
    if (board) dashboard_end(board, !status ? "done" : status == CLI_INTERRUPTED ? "stopped" : "failed");
    cli_stop_on_interrupt(NULL);
    dashboard_free(board);
    free(weights);
    return status;
}

/* What the file will say about its input, exactly: not what the first batches happened to show. */
static int set_input(lm_model *model, const cli_data *data)
{
    int count;
    const char *const *classes = lm_data_classes(data->source, &count);
    lm_status status = classes ? lm_model_set_classes(model, count, classes) : LM_OK;
    if (!status && data->input.low <= data->input.high) status = lm_model_set_input_info(model, &data->input);
    return status ? cli_error("%s", lm_error(model)) : CLI_OK;
}

static int train(const train_request *r, lm_model *model, int argc, char **argv)
{
    cli_data data = {0};
    lm_dataset *validation = NULL;
    int status = train_compile(r, model);
    if (!status) status = cli_data_open(&r->data, model, &data);
    if (!status) status = set_input(model, &data);
    if (!status) status = train_split(r, &data, &validation);
    if (!status && r->verbose && lm_summary(model)) status = cli_error("%s", lm_error(model));
    fflush(stdout);
    if (!status && r->dry_run) status = train_rehearse(r, model, &data);
    else if (!status) status = fit(r, model, &data, validation, argc, argv);
    lm_free(validation);
    cli_data_close(&data);
    return status;
}

static int run(int argc, char **argv)
{
    train_request r = {.epochs = 1, .batch = 32, .patience = -1, .port = -1, .rate = LM_NONE, .data.notes = stdout};
    int count;
    const cli_option options[] = {{"data", CLI_TEXT, &r.data.what, 0, 0},
                                  {"target", CLI_TEXT, &r.data.target, 0, 0},
                                  {"skip", CLI_TEXT, &r.data.skip, 0, 0},
                                  {"ordered", CLI_FLAG, &r.data.ordered, 0, 0},
                                  {"output", CLI_TEXT, &r.output, 0, 0},
                                  {"epochs", CLI_NUMBER, &r.epochs, 1, INT32_MAX},
                                  {"batch-size", CLI_NUMBER, &r.batch, 1, INT32_MAX},
                                  {"loss", CLI_TEXT, &r.loss, 0, 0},
                                  {"optimizer", CLI_TEXT, &r.optimizer, 0, 0},
                                  {"learning-rate", CLI_REAL, &r.rate, 0, INT64_MAX},
                                  {"metrics", CLI_TEXT, &r.metrics, 0, 0},
                                  {"class-weight", CLI_TEXT, &r.class_weight, 0, 0},
                                  {"validation-split", CLI_REAL, &r.validation, 0, 1},
                                  {"early-stopping", CLI_MAYBE, &r.patience, 0, INT32_MAX},
                                  {"log", CLI_TEXT, &r.log, 0, 0},
                                  {"plot", CLI_TEXT, &r.plot, 0, 0},
                                  {"dashboard", CLI_MAYBE, &r.port, 0, 65535},
                                  {"save-every", CLI_NUMBER, &r.save_every, 1, INT64_MAX},
                                  {"resume", CLI_FLAG, &r.resume, 0, 0},
                                  {"restart", CLI_FLAG, &r.restart, 0, 0},
                                  {"dry-run", CLI_FLAG, &r.dry_run, 0, 0},
                                  {"tune", CLI_TEXT, &r.tune, 0, 0},
                                  {"verbose", CLI_FLAG, &r.verbose, 0, 0},
                                  {.name = NULL}};
    int status = cli_read(&cli_train, argc, argv, options, 1, &r.model, &count);
    if (!status) status = check_request(&r);
    if (status) return status;
    lm_model *model = lm_load(r.model);
    status = cli_failed(model);
    if (!status) status = cli_one_to_one(model, r.model, "train");
    if (!status) status = cli_tune(r.tune);
    if (!status) status = cli_tuned(r.tune, train(&r, model, argc, argv));
    lm_free(model);
    return status;
}

const cli_command cli_train = {
    .name = "train", .summary = "a model on data, from a configuration or a file", .help = help, .run = run};
