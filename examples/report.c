/* examples/report.c: see report.h. */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct report {
    const example *run;
    char *text;
    size_t size, room;
    bool bad, figures, missing;         /* memory is out or a picture failed; a list is open; it was said */
};

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1f2933;--soft:#5b6774;--rule:#dfe4e9;--pale:#f3f5f7}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e4e8ec;--soft:#9aa5b1;--rule:#333b44;"
    "--pale:#1e242b}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:66rem;padding:1.5rem 1rem 4rem;background:var(--paper);color:var(--ink);"
    "font:1rem/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}\n"
    "h2{font-size:1.25rem;margin:2.8rem 0 .3rem;padding-top:1rem;border-top:1px solid var(--rule)}\n"
    "p{margin:.3rem 0 .9rem;max-width:46rem}header p,figcaption{color:var(--soft)}\n"
    "dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.7rem;margin:1.4rem 0}\n"
    "dl div{background:var(--pale);border-radius:.5rem;padding:.6rem .8rem;min-width:0}\n"
    "dl .wide{grid-column:1/-1}dt{color:var(--soft);font-size:.85rem}\n"
    "dd{margin:0;font-size:1.2rem;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\n"
    "dl .wide dd{font:.9rem/1.5 ui-monospace,'DejaVu Sans Mono',monospace}\n"
    "figure{margin:.8rem 0;overflow-x:auto}\n"
    "img{display:block;max-width:100%;height:auto;background:#fff;border:1px solid var(--rule);"
    "border-radius:.5rem}\n"
    "@media(max-width:44rem){img.wide{max-width:none;width:40rem}}\n"
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.25rem .9rem .25rem 0;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}\n"
    "th{color:var(--soft);font-weight:600}th:first-child,td:first-child{text-align:left}\n"
    "pre{background:var(--pale);border-radius:.5rem;padding:.8rem 1rem;overflow-x:auto;"
    "font:.85rem/1.45 ui-monospace,'DejaVu Sans Mono',monospace}\n";

/* --- text being built ------------------------------------------------------------------------------------------- */

static void add(report *page, const char *text, size_t bytes)
{
    if (page->bad) return;
    if (page->size + bytes + 1 > page->room) {
        size_t room = 2 * (page->size + bytes) + 4096;
        char *fresh = realloc(page->text, room);
        if (!fresh) {
            fprintf(stderr, "%s: error: out of memory for index.html\n", page->run->name);
            page->bad = true;
            return;
        }
        page->text = fresh, page->room = room;
    }
    memcpy(page->text + page->size, text, bytes);
    page->size += bytes;
    page->text[page->size] = 0;
}

static void html(report *page, const char *text) { add(page, text, strlen(text)); }

static void escaped(report *page, const char *text)
{
    static const char special[] = "&<>\"'";
    static const char *const entity[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    while (*text) {
        size_t plain = strcspn(text, special);
        add(page, text, plain);
        text += plain;
        if (*text) html(page, entity[strchr(special, *text++) - special]);
    }
}

/* <tag>text</tag> */
static void element(report *page, const char *tag, const char *text)
{
    html(page, "<"), html(page, tag), html(page, ">");
    escaped(page, text);
    html(page, "</"), html(page, tag), html(page, ">");
}

/* --- the page --------------------------------------------------------------------------------------------------- */

report *report_begin(const example *run, const char *title, const char *sentence)
{
    report *page = calloc(1, sizeof *page);
    if (!page) {
        perror(run->name);
        return NULL;
    }
    page->run = run;
    html(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    element(page, "title", title);
    html(page, "\n<style>\n"), html(page, style), html(page, "</style>\n</head>\n<body>\n<header>\n");
    element(page, "h1", title), html(page, "\n");
    element(page, "p", sentence);
    html(page, "\n</header>\n<main>\n");
    return page;
}

static void figure(report *page, const char *class, const char *name, const char *value)
{
    if (!page->figures) html(page, "<dl>\n");
    page->figures = true;
    html(page, "<div"), html(page, class), html(page, ">");
    element(page, "dt", name), element(page, "dd", value);
    html(page, "</div>\n");
}

void report_figure(report *page, const char *name, const char *format, ...)
{
    char value[512];
    va_list args;
    if (!page) return;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    figure(page, "", name, value);
}

/* The figures that every run has. */
static void end_figures(report *page)
{
    char date[64] = "";
    time_t now = time(NULL);
    struct tm local;
    if (!page->figures) return;
    report_figure(page, "Seed", "%" PRIu64, page->run->seed);
    report_figure(page, "Threads", "%d", lm_threads());
    if (localtime_r(&now, &local)) strftime(date, sizeof date, "%Y-%m-%d %H:%M", &local);
    report_figure(page, "Date", "%s", date);
    report_figure(page, "Lamina", "%s", lm_version());
    figure(page, " class=\"wide\"", "Command", page->run->command);
    html(page, "</dl>\n");
    page->figures = false;
}

void report_section(report *page, const char *heading, const char *sentence)
{
    if (!page) return;
    end_figures(page);
    html(page, "\n"), element(page, "h2", heading), html(page, "\n");
    if (*sentence) element(page, "p", sentence), html(page, "\n");
}

/* Its size in CSS pixels, two dots each, so that the page does not jump while pictures load. */
static bool png_size(const char *path, int *width, int *height)
{
    unsigned char head[24];
    FILE *f = fopen(path, "rb");
    bool read = f && fread(head, 1, sizeof head, f) == sizeof head;
    if (f) fclose(f);
    if (!read) return false;
    *width = (head[18] << 8 | head[19]) / 2, *height = (head[22] << 8 | head[23]) / 2;
    return true;
}

void report_picture(report *page, lm_status drawn, const char *file, const char *alt)
{
    char size[64] = "";
    int width = 0, height = 0;
    if (!page) return;
    end_figures(page);
    if (drawn == LM_UNSUPPORTED) {
        if (!page->missing) fprintf(stderr, "%s: a picture is left out: %s\n", page->run->name, lm_last_error());
        page->missing = true;
        element(page, "p", lm_last_error()), html(page, "\n");
        return;
    }
    if (drawn) {
        if (!page->bad) fprintf(stderr, "%s: error: %s\n", page->run->name, lm_last_error());
        page->bad = true;
        return;
    }
    if (png_size(example_path(page->run, file), &width, &height))
        snprintf(size, sizeof size, "\" width=\"%d\" height=\"%d", width, height);
    /* A narrow screen shows wide pictures at a readable size, and moves them under the finger. */
    html(page, "<figure><a href=\""), escaped(page, file);
    html(page, width > 640 ? "\"><img class=\"wide\" src=\"" : "\"><img src=\"");
    escaped(page, file), html(page, size);
    html(page, "\" alt=\""), escaped(page, alt), html(page, "\"></a></figure>\n");
}

static void begin_table(report *page) { html(page, "<div class=\"scroll\"><table>\n"); }
static void end_table(report *page) { html(page, "</table></div>\n"); }

void report_table(report *page, int rows, int columns, const char *const *cells)
{
    if (!page) return;
    begin_table(page);
    for (int r = 0; r < rows; r++) {
        html(page, "<tr>");
        for (int c = 0; c < columns; c++) element(page, r ? "td" : "th", cells[r * columns + c]);
        html(page, "</tr>\n");
    }
    end_table(page);
}

static void number_cell(report *page, double value)
{
    char text[40];
    snprintf(text, sizeof text, isfinite(value) ? "%.4f" : "%f", value);
    element(page, "td", isnan(value) ? "–" : text);
}

void report_history(report *page, const lm_history *history)
{
    char text[40];
    int columns = lm_history_columns(history);
    if (!page) return;
    begin_table(page);
    html(page, "<tr><th>epoch</th>");
    for (int c = 0; c < columns; c++) element(page, "th", lm_history_name(history, c));
    html(page, "<th>seconds</th><th>steps</th></tr>\n");
    for (int e = 0; e < lm_history_epochs(history); e++) {
        snprintf(text, sizeof text, "%d", e + 1);
        html(page, "<tr>"), element(page, "td", text);
        for (int c = 0; c < columns; c++) number_cell(page, lm_history_get(history, lm_history_name(history, c), e));
        snprintf(text, sizeof text, "%.2f", lm_history_seconds(history, e));
        element(page, "td", text);
        snprintf(text, sizeof text, "%" PRId64, lm_history_steps(history, e));
        element(page, "td", text), html(page, "</tr>\n");
    }
    end_table(page);
}

void report_text(report *page, const char *text)
{
    if (!page) return;
    element(page, "pre", text), html(page, "\n");
}

static void take_text(void *user, const char *text, size_t bytes)
{
    report *page = user;
    char *copy = malloc(bytes + 1);
    if (!copy) return;
    memcpy(copy, text, bytes), copy[bytes] = 0;
    escaped(page, copy);
    free(copy);
}

void report_summary(report *page, lm_model *model)
{
    if (!page) return;
    html(page, "<pre>");
    lm_set_sink(take_text, page, false);
    lm_summary(model, .line_length = 76);
    lm_set_sink(NULL, NULL, false);
    html(page, "</pre>\n");
}

const char *report_count(int64_t n, char text[32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && digits[i - 1] != '-' && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

int report_end(report *page)
{
    if (!page) return 1;
    end_figures(page);
    html(page, "</main>\n</body>\n</html>\n");
    int status = page->bad ? 1 : example_write(page->run, example_path(page->run, "index.html"), page->text);
    free(page->text), free(page);
    return status;
}
