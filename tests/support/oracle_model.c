/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle_infonce.h"

double *oracle_zeros(size_t count)
{
    double *zeros = calloc(count, sizeof *zeros);
    if (!zeros)
        abort();
    return zeros;
}

void oracle_end(struct oracle *o)
{
    for (size_t m = 0; m < o->modality_count; m++) {
        struct oracle_modality *modality = &o->modality[m];
        free(modality->features);
        free(modality->weight);
        free(modality->bias);
        free(modality->generated);
        free(modality->observed);
        free(modality->normalized);
    }
    free(o->adjacency);
    free(o->user);
    free(o->item);
    free(o->logits);
}

void oracle_drop(size_t nodes, double *matrix, double keep_rate, const uint8_t *kept)
{
    size_t entry = 0;
    for (size_t i = 0; i < nodes * nodes; i++)
        if (matrix[i] != 0.0)
            matrix[i] = kept[entry++] ? matrix[i] / keep_rate : 0.0;
}

/* y += scale A x, A N x N. */
static void add_product(size_t n, size_t d, double scale, const double *a, const double *x,
                        double *y)
{
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c < n; c++)
            for (size_t j = 0; j < d && a[r * n + c] != 0.0; j++)
                y[r * d + j] += scale * a[r * n + c] * x[c * d + j];
}

/* Each row over max(norm, 1e-12). */
static void normalize(size_t rows, size_t d, const double *x, double *y)
{
    for (size_t r = 0; r < rows; r++) {
        double squares = 0.0;
        for (size_t j = 0; j < d; j++)
            squares += x[r * d + j] * x[r * d + j];
        double norm = sqrt(squares) > 1e-12 ? sqrt(squares) : 1e-12;
        for (size_t j = 0; j < d; j++)
            y[r * d + j] = x[r * d + j] / norm;
    }
}

void oracle_project(const struct oracle *o, size_t m, double *projected, double *normalized)
{
    const struct oracle_modality *modality = &o->modality[m];
    size_t inputs = modality->dimensions, d = o->d;
    for (size_t i = 0; i < o->items; i++)
        for (size_t j = 0; j < d; j++) {
            double x = modality->linear ? modality->bias[j] : 0.0;
            for (size_t k = 0; k < inputs; k++)
                x += modality->features[i * inputs + k] * (modality->linear
                                                               ? modality->weight[j * inputs + k]
                                                               : modality->weight[k * d + j]);
            projected[i * d + j] = modality->linear || x > 0.0 ? x : 0.2 * x;
        }
    normalize(o->items, d, projected, normalized);
}

void oracle_project_all(struct oracle *o)
{
    double *projected = oracle_zeros(o->items * o->d);
    for (size_t m = 0; m < o->modality_count; m++)
        oracle_project(o, m, projected, o->modality[m].normalized);
    free(projected);
}

void oracle_weights(const struct oracle *o, double *weights)
{
    double sum = 0.0;
    for (size_t m = 0; m < o->modality_count; m++)
        sum += exp(o->logits[m]);
    for (size_t m = 0; m < o->modality_count; m++)
        weights[m] = exp(o->logits[m]) / sum;
}

/* [users of `user`; items of `item`], from arrays of users x d and items x d. */
static void stack(const struct oracle *o, const double *user, const double *item, double *out)
{
    memcpy(out, user, o->users * o->d * sizeof *out);
    memcpy(out + o->users * o->d, item, o->items * o->d * sizeof *out);
}

/* sum over l = 0 .. L of A_hat^l x. */
static void propagate(const struct oracle *o, const double *x, double *sum)
{
    size_t n = o->users + o->items, size = n * o->d;
    double *layer = oracle_zeros(size), *next = oracle_zeros(size);
    memcpy(layer, x, size * sizeof *x);
    memcpy(sum, x, size * sizeof *x);
    for (size_t l = 0; l < o->layers; l++) {
        memset(next, 0, size * sizeof *next);
        add_product(n, o->d, 1.0, o->adjacency, layer, next);
        memcpy(layer, next, size * sizeof *layer);
        for (size_t i = 0; i < size; i++)
            sum[i] += layer[i];
    }
    free(layer);
    free(next);
}

void oracle_aggregate(const struct oracle *o, double *final)
{
    size_t n = o->users + o->items, d = o->d, size = n * d;
    double weights[ORACLE_MODALITIES], *input = oracle_zeros(size), *y = oracle_zeros(size);
    double *vm = oracle_zeros(size), *v = oracle_zeros(size), *unit = oracle_zeros(size);
    oracle_weights(o, weights);
    for (size_t m = 0; m < o->modality_count; m++) {
        /* Y_m = A_hat [E_U; Xn_m] */
        stack(o, o->user, o->modality[m].normalized, input);
        memset(y, 0, size * sizeof *y);
        add_product(n, d, 1.0, o->adjacency, input, y);
        /* Z_m = Y_m + A_hat [users of Y_m; E_I] */
        memcpy(vm, y, size * sizeof *vm);
        stack(o, y, o->item, input);
        add_product(n, d, 1.0, o->adjacency, input, vm);
        /* V_m = Z_m + ris_adj_lambda A_m [E_U; E_I] */
        stack(o, o->user, o->item, input);
        add_product(n, d, o->ris_adj_lambda, o->modality[m].generated, input, vm);
        for (size_t i = 0; i < size; i++)
            v[i] += weights[m] * vm[i];
    }
    propagate(o, v, final);
    normalize(n, d, v, unit);
    for (size_t i = 0; i < size; i++)
        final[i] += o->ris_lambda * unit[i];
    free(input);
    free(y);
    free(vm);
    free(v);
    free(unit);
}

void oracle_view(const struct oracle *o, size_t m, double *view)
{
    size_t n = o->users + o->items, size = n * o->d;
    const struct oracle_modality *modality = &o->modality[m];
    double *input = oracle_zeros(size), *first = oracle_zeros(size);
    double observed = modality->observed ? o->fusion_ratio : 0.0;
    stack(o, o->user, modality->normalized, input);
    add_product(n, o->d, 1.0 - observed, modality->generated, input, first);
    if (modality->observed)
        add_product(n, o->d, observed, modality->observed, input, first);
    propagate(o, first, view);
    free(input);
    free(first);
}

/* InfoNCE of rows that are not yet normalised. */
static double infonce(const struct oracle *o, size_t nodes, const double *p, const double *q,
                      size_t count, const int32_t *batch, const int32_t *negatives)
{
    size_t size = nodes * o->d;
    double *pn = oracle_zeros(size), *qn = oracle_zeros(size), loss = 0.0;
    double *unused = oracle_zeros(size); /* for gradients, which are those of a share of 0 */
    normalize(nodes, o->d, p, pn);
    normalize(nodes, o->d, q, qn);
    for (size_t b = 0; b < count; b++) {
        struct oracle_denominator terms =
            oracle_infonce_denominator(nodes, (size_t)batch[b], o->negative_count, negatives);
        loss += oracle_infonce_row(&terms, o->d, pn, qn, (size_t)batch[b], o->tau, 0.0, unused,
                                   unused) /
                (double)count;
        oracle_infonce_denominator_end(&terms);
    }
    free(pn);
    free(qn);
    free(unused);
    return loss;
}

/* InfoNCE over the batch's users and over its positive items. */
static double contrast(const struct oracle *o, const double *p, const double *q, size_t count,
                       const int32_t *user, const int32_t *positive)
{
    size_t skip = o->users * o->d;
    return infonce(o, o->users, p, q, count, user, o->user_negatives) +
           infonce(o, o->items, p + skip, q + skip, count, positive, o->item_negatives);
}

static double contrastive(const struct oracle *o, const double *final, size_t count,
                          const int32_t *user, const int32_t *positive)
{
    double *views[ORACLE_MODALITIES], loss = 0.0;
    for (size_t m = 0; m < o->modality_count; m++) {
        views[m] = oracle_zeros((o->users + o->items) * o->d);
        oracle_view(o, m, views[m]);
    }
    for (size_t a = 0; a < o->modality_count; a++) {
        if (o->main_anchor)
            loss += contrast(o, final, views[a], count, user, positive);
        else
            for (size_t b = a + 1; b < o->modality_count; b++)
                loss += contrast(o, views[a], views[b], count, user, positive);
    }
    for (size_t m = 0; m < o->modality_count; m++)
        free(views[m]);
    return loss;
}

/* Mean squared distance of rows at unit length, each view against the main one. */
static double alignment(const struct oracle *o, const double *final, size_t count,
                        const int32_t *user, const int32_t *positive)
{
    size_t nodes = o->users + o->items, d = o->d;
    double *view = oracle_zeros(nodes * d), loss = 0.0;
    for (size_t m = 0; m < o->modality_count; m++) {
        oracle_view(o, m, view);
        for (size_t b = 0; b < 2 * count; b++) {
            size_t node = b < count ? (size_t)user[b] : o->users + (size_t)positive[b - count];
            const double *x = view + node * d, *y = final + node * d;
            double xx = 0.0, yy = 0.0, xy = 0.0;
            for (size_t k = 0; k < d; k++) {
                xx += x[k] * x[k];
                yy += y[k] * y[k];
                xy += x[k] * y[k];
            }
            loss += (2.0 - 2.0 * xy / sqrt(xx * yy)) / (double)count;
        }
    }
    free(view);
    return loss;
}

static double squares(size_t count, const double *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sum;
}

struct oracle_losses oracle_objective(struct oracle *o, size_t count, const int32_t *user,
                                      const int32_t *positive, const int32_t *negative)
{
    size_t d = o->d;
    struct oracle_losses losses = {0};
    double *final = oracle_zeros((o->users + o->items) * d);
    oracle_project_all(o);
    oracle_aggregate(o, final);
    for (size_t b = 0; b < count; b++) {
        const double *u = final + (size_t)user[b] * d;
        const double *i = final + (o->users + (size_t)positive[b]) * d;
        const double *j = final + (o->users + (size_t)negative[b]) * d;
        double difference = 0.0;
        for (size_t k = 0; k < d; k++)
            difference += u[k] * (i[k] - j[k]);
        losses.bpr -= log(1.0 / (1.0 + exp(-difference))) / o->batch;
    }
    if (o->contrastive)
        losses.contrastive = o->ssl_reg * contrastive(o, final, count, user, positive);
    losses.regularizer = o->reg * (squares(o->users * d, o->user) + squares(o->items * d, o->item));
    if (o->alignment > 0.0)
        losses.alignment = o->alignment * alignment(o, final, count, user, positive);
    losses.total = losses.bpr + losses.contrastive + losses.regularizer + losses.alignment;
    free(final);
    return losses;
}

double oracle_derivative(double *place, double (*value)(void *argument), void *argument)
{
    const double kept = *place, step = 1e-5;
    *place = kept + step;
    double above = value(argument);
    *place = kept - step;
    double below = value(argument);
    *place = kept;
    return (above - below) / (2.0 * step);
}
