/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "html_text.h"
#include "report_parts.h"

/* A cell with a number, to four digits (the table of epochs has all); a dash where there is none. */
static void number_cell(FILE *out, const json_t *value)
{
    if (json_is_number(value))
        fprintf(out, "<td>%.4g</td>", json_number_value(value));
    else
        fputs("<td>&#8211;</td>", out);
}

/* The split that the result is told by: test, or else validation. */
static const char *telling_split(const json_t *result)
{
    return json_is_object(json_object_get(result, "test"))    ? "test"
           : json_is_object(json_object_get(result, "valid")) ? "valid"
                                                              : NULL;
}

static void write_metrics(FILE *out, const json_t *result)
{
    static const char *const splits[] = {"valid", "test"};
    const char *split = telling_split(result), *name;
    const json_t *popularity = json_object_get(result, "popularity");
    json_t *value;
    fputs("<div class=\"scroll\"><table>\n<tr><th></th>", out);
    for (size_t i = 0; i < 2; i++)
        fprintf(out, "<th>%s</th><th>popularity, %s</th>", splits[i], splits[i]);
    fputs("</tr>\n", out);
    json_object_foreach(json_object_get(result, split), name, value)
    {
        fputs("<tr><th>", out);
        html_text(out, name);
        fputs("</th>", out);
        for (size_t i = 0; i < 2; i++) {
            number_cell(out, json_object_get(json_object_get(result, splits[i]), name));
            number_cell(out, json_object_get(json_object_get(popularity, splits[i]), name));
        }
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n", out);
}

/* The first metric in large letters. */
static void write_headline(FILE *out, const json_t *result, const char *split)
{
    const json_t *popular = json_object_get(json_object_get(result, "popularity"), split);
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(result, split), name, value)
    {
        double own = json_number_value(value);
        double others = json_number_value(json_object_get(popular, name));
        fputs("<p class=\"headline\"><strong>", out);
        fprintf(out, "%.4f</strong> ", own);
        html_text(out, name);
        fprintf(out, " on %s; popularity %.4f", split, others);
        if (others > 0)
            fprintf(out, ", ratio %.2f", own / others);
        fputs("</p>\n", out);
        break;
    }
}

void report_summary(FILE *out, const struct run *run)
{
    const json_t *result = run->result;
    const char *by = json_string_value(json_object_get(result, "chosen_by"));
    const char *split = telling_split(result);
    long long epoch = json_integer_value(json_object_get(result, "epoch"));
    long long final = json_integer_value(json_object_get(result, "final_epochs"));
    fputs("<section>\n", out);
    if (split)
        write_headline(out, result, split);
    fprintf(out, "<p>Epoch %lld of %lld, %s%s.", epoch,
            (long long)json_integer_value(json_object_get(result, "epochs")),
            split ? "the best by " : "the last: nothing is held out to choose ", split ? by : "by");
    if (run->cancelled)
        fputs(" The training was stopped.", out);
    if (final > 0)
        fprintf(out,
                " Then a final fit: %lld epochs on all splits. The figures are of the training "
                "that chose them.",
                final);
    fputs("</p>\n", out);
    if (split)
        write_metrics(out, result);
    fputs("</section>\n", out);
}

static void write_count(FILE *out, const char *what, size_t count)
{
    fprintf(out, "<tr><th>%s</th><td>%zu</td></tr>\n", what, count);
}

void report_data(FILE *out, const struct run *run)
{
    const diffmm_dataset *data = run->dataset;
    size_t users = diffmm_dataset_users(data), items = diffmm_dataset_items(data);
    size_t train = diffmm_dataset_interactions(data, DIFFMM_TRAIN);
    fputs("<section>\n<h2>Data</h2>\n<table>\n", out);
    write_count(out, "users", users);
    write_count(out, "items", items);
    write_count(out, "training interactions", train);
    write_count(out, "held out for validation", diffmm_dataset_interactions(data, DIFFMM_VALID));
    write_count(out, "held out for test", diffmm_dataset_interactions(data, DIFFMM_TEST));
    fprintf(out, "<tr><th>training pairs of all possible</th><td>%.3g %%</td></tr>\n",
            100 * (double)train / ((double)users * (double)items));
    for (size_t m = 0; m < diffmm_dataset_modalities(data); m++) {
        fputs("<tr><th>features of ", out);
        html_text(out, diffmm_dataset_modality_name(data, m));
        fprintf(out, "</th><td>%zu</td></tr>\n", diffmm_dataset_modality_dimensions(data, m));
    }
    fputs("</table>\n</section>\n", out);
}

/* A row with a bar as long as a share of the whole. */
static void write_share(FILE *out, const char *name, double value, double share, size_t colour)
{
    fputs("<tr><th>", out);
    html_text(out, name);
    fprintf(out,
            "</th><td>%.4g</td><td>%.1f %%</td><td class=\"bar\"><svg viewBox=\"0 0 100 8\" "
            "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"s%zu\" width=\"%.2f\" "
            "height=\"8\"/></svg></td></tr>\n",
            value, 100 * share, colour, 100 * share);
}

bool report_weights(FILE *out, const struct run *run)
{
    const diffmm_trainer *trainer = run->final ? run->final : run->trainer;
    const diffmm_model *model = diffmm_trainer_model(trainer);
    size_t count = diffmm_model_modalities(model);
    float *weights = calloc(count + 1, sizeof *weights);
    if (!weights)
        return false;
    if (count > 0 && diffmm_model_modality_weights(model, weights) == DIFFMM_OK) {
        fputs("<section>\n<h2>What the modalities weigh</h2>\n<table>\n", out);
        for (size_t m = 0; m < count; m++)
            write_share(out, diffmm_model_modality_name(model, m), (double)weights[m],
                        (double)weights[m], m % 8);
        fputs("</table>\n</section>\n", out);
    }
    free(weights);
    return true;
}

void report_seconds(FILE *out, const struct epoch_table *table)
{
    static const char *const phases[] = {"denoise", "generate", "recommend", "evaluate"};
    double seconds[4] = {0}, sum = 0;
    for (size_t phase = 0; phase < 4; phase++) {
        char name[32];
        snprintf(name, sizeof name, "seconds.%s", phases[phase]);
        for (size_t row = 0; row < json_array_size(table->rows); row++)
            seconds[phase] += json_number_value(epoch_table_cell(table, row, name));
        sum += seconds[phase];
    }
    fputs("<section>\n<h2>Seconds by phase</h2>\n<table>\n", out);
    for (size_t phase = 0; phase < 4; phase++)
        write_share(out, phases[phase], seconds[phase], sum > 0 ? seconds[phase] / sum : 0, phase);
    fprintf(out, "<tr><th>together</th><td>%.4g</td><td></td><td></td></tr>\n", sum);
    fputs("</table>\n</section>\n", out);
}
