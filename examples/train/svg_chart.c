/* SPDX-License-Identifier: BSD-2-Clause */
#include "svg_chart.h"

#include <math.h>

#include "html_text.h"

/* The picture in units of its own, about a pixel each on a telephone. */
enum { WIDTH = 360, HEIGHT = 210, LEFT = 54, RIGHT = 14, TOP = 18, BOTTOM = 26, TICKS = 5 };
/* With more epochs than this, the points of a line are not drawn one by one. */
enum { MOST_POINTS = 60 };

/* From numbers to places: `step` is the distance between ticks. */
struct axis {
    double least, most, step;
};

/* The least of 1, 2, 5 times a power of ten that is not below a number. */
static double nice(double number)
{
    double power = pow(10, floor(log10(number)));
    double digit = number / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static struct axis axis_of(double least, double most, double smallest_step)
{
    if (!(most > least)) { /* one value */
        double margin = most != 0 ? fabs(most) / 2 : 1;
        least -= most != 0 ? margin : 0;
        most += margin;
    }
    double step = fmax(nice((most - least) / TICKS), smallest_step);
    return (struct axis){floor(least / step) * step, ceil(most / step) * step, step};
}

static struct axis value_axis(const struct chart *chart)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < chart->series_count; i++)
        for (size_t k = 0; k < chart->epochs; k++) {
            double value = chart->series[i].values[k];
            if (isfinite(value)) {
                least = fmin(least, value);
                most = fmax(most, value);
            }
        }
    if (!isfinite(least))
        least = most = 0;
    if (chart->from_zero && least > 0)
        least = 0;
    return axis_of(least, most, 0);
}

static double x_of(const struct chart *chart, double epoch)
{
    double width = WIDTH - LEFT - RIGHT, first = (double)chart->first_epoch;
    return chart->epochs > 1 ? LEFT + width * (epoch - first) / (double)(chart->epochs - 1)
                             : LEFT + width / 2;
}

static double y_of(const struct axis *axis, double value)
{
    return TOP + (HEIGHT - TOP - BOTTOM) * (axis->most - value) / (axis->most - axis->least);
}

static void write_values(FILE *out, const struct axis *axis)
{
    int ticks = (int)lround((axis->most - axis->least) / axis->step);
    for (int i = 0; i <= ticks; i++) {
        double value = (round(axis->least / axis->step) + i) * axis->step + 0.0,
               y = y_of(axis, value);
        fprintf(out,
                "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text class=\"value\" x=\"%d\" y=\"%.1f\">%.6g</text>\n",
                LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, value);
    }
}

static void write_epochs(FILE *out, const struct chart *chart)
{
    size_t last = chart->first_epoch + chart->epochs - 1;
    double step = axis_of((double)chart->first_epoch, (double)last, 1).step;
    for (size_t epoch = chart->first_epoch; epoch <= last; epoch++)
        if (chart->epochs == 1 || fmod((double)epoch, step) < 0.5)
            fprintf(out, "<text class=\"epoch\" x=\"%.1f\" y=\"%d\">%zu</text>\n",
                    x_of(chart, (double)epoch), HEIGHT - 8, epoch);
}

static void write_mark(FILE *out, const struct chart *chart)
{
    if (chart->marked < chart->first_epoch || chart->marked >= chart->first_epoch + chart->epochs)
        return;
    double x = x_of(chart, (double)chart->marked);
    const char *anchor = x > WIDTH * 0.8 ? "end" : x < WIDTH * 0.25 ? "start" : "middle";
    fprintf(out,
            "<line class=\"best\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
            "<text class=\"best\" text-anchor=\"%s\" x=\"%.1f\" y=\"%d\">best: %zu</text>\n",
            x, x, TOP, HEIGHT - BOTTOM, anchor, x, TOP - 6, chart->marked);
}

/* One path with a part for each stretch without a gap. A single epoch is a point: a line of no length
 * that the round ends of lines make visible. */
static void write_line(FILE *out, const struct chart *chart, const struct axis *axis,
                       const struct series *line)
{
    fprintf(out, "<path class=\"s%zu%s\" d=\"", line->colour % CHART_COLOURS,
            line->dashed ? " dashed" : "");
    bool open = false;
    for (size_t k = 0; k < chart->epochs; k++) {
        bool known = isfinite(line->values[k]);
        double x = x_of(chart, (double)(chart->first_epoch + k)), y = y_of(axis, line->values[k]);
        if (known && !open)
            fprintf(out, "M%.1f %.1fh0", x, y);
        else if (known)
            fprintf(out, "L%.1f %.1f", x, y);
        open = known;
    }
    fputs("\"/>\n", out);
}

/* Points that say their number where the pointer is on them. */
static void write_points(FILE *out, const struct chart *chart, const struct axis *axis,
                         const struct series *line)
{
    if (chart->epochs > MOST_POINTS || line->dashed)
        return;
    for (size_t k = 0; k < chart->epochs; k++) {
        if (!isfinite(line->values[k]))
            continue;
        size_t epoch = chart->first_epoch + k;
        fprintf(out, "<circle class=\"s%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"><title>",
                line->colour % CHART_COLOURS, x_of(chart, (double)epoch),
                y_of(axis, line->values[k]));
        html_text(out, line->name);
        fprintf(out, ", epoch %zu: %.9g</title></circle>\n", epoch, line->values[k]);
    }
}

static void write_legend(FILE *out, const struct chart *chart)
{
    if (chart->series_count < 2)
        return;
    fputs("<ul class=\"legend\">", out);
    for (size_t i = 0; i < chart->series_count; i++) {
        const struct series *line = &chart->series[i];
        fprintf(out,
                "<li><svg viewBox=\"0 0 20 8\" aria-hidden=\"true\"><path class=\"s%zu%s\" "
                "d=\"M2 4H18\"/></svg> ",
                line->colour % CHART_COLOURS, line->dashed ? " dashed" : "");
        html_text(out, line->name);
        fputs("</li>", out);
    }
    fputs("</ul>\n", out);
}

void chart_write(FILE *out, const struct chart *chart)
{
    struct axis axis = value_axis(chart);
    fputs("<figure>\n<figcaption>", out);
    html_text(out, chart->title);
    fputs("</figcaption>\n", out);
    write_legend(out, chart);
    fprintf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
            HEIGHT);
    html_text(out, chart->title);
    fputs(", by epoch\">\n", out);
    write_values(out, &axis);
    write_epochs(out, chart);
    write_mark(out, chart);
    for (size_t i = 0; i < chart->series_count; i++) {
        write_line(out, chart, &axis, &chart->series[i]);
        write_points(out, chart, &axis, &chart->series[i]);
    }
    fputs("</svg>\n</figure>\n", out);
}
