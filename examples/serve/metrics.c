/* SPDX-License-Identifier: BSD-2-Clause */
#include "metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Upper bounds of the histogram, in seconds: from an answer of a small model to one that a client
 * will hardly wait for. */
static const double bounds[] = {.0001, .00025, .0005, .001, .0025, .005, .01,
                                .025,  .05,    .1,    .25,  .5,    1,    2.5};

enum { BOUNDS = sizeof bounds / sizeof *bounds, MOST_ENDPOINTS = 32, MOST_STATUSES = 32 };

/* Requests of one endpoint. */
struct endpoint_counts {
    const char *endpoint;
    struct {
        unsigned status;
        uint64_t count;
    } statuses[MOST_STATUSES];
    size_t status_count;
    uint64_t within[BOUNDS + 1]; /* requests by bound; the last is those beyond all */
    double seconds;
};

struct metrics {
    pthread_mutex_t lock; /* held for moments */
    struct endpoint_counts endpoints[MOST_ENDPOINTS];
    size_t endpoint_count;
    uint64_t hits, together;
    double started;
};

struct metrics *metrics_create(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    struct timespec now;
    if (!metrics)
        return NULL;
    clock_gettime(CLOCK_REALTIME, &now);
    metrics->started = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    pthread_mutex_init(&metrics->lock, NULL);
    return metrics;
}

void metrics_destroy(struct metrics *metrics)
{
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

/* The tables are larger than what the service has; a full one goes on in its last place. */
static struct endpoint_counts *find_endpoint_counts(struct metrics *metrics, const char *endpoint)
{
    for (size_t i = 0; i < metrics->endpoint_count; i++)
        if (strcmp(metrics->endpoints[i].endpoint, endpoint) == 0)
            return &metrics->endpoints[i];
    if (metrics->endpoint_count == MOST_ENDPOINTS)
        return &metrics->endpoints[MOST_ENDPOINTS - 1];
    struct endpoint_counts *fresh = &metrics->endpoints[metrics->endpoint_count++];
    fresh->endpoint = endpoint;
    return fresh;
}

static uint64_t *find_status(struct endpoint_counts *counts, unsigned status)
{
    for (size_t i = 0; i < counts->status_count; i++)
        if (counts->statuses[i].status == status)
            return &counts->statuses[i].count;
    if (counts->status_count == MOST_STATUSES)
        return &counts->statuses[MOST_STATUSES - 1].count;
    counts->statuses[counts->status_count].status = status;
    return &counts->statuses[counts->status_count++].count;
}

void metrics_add(struct metrics *metrics, const struct request *request)
{
    double seconds = (double)request->took * 1e-9;
    size_t bound = 0;
    while (bound < BOUNDS && seconds > bounds[bound])
        bound++;
    pthread_mutex_lock(&metrics->lock);
    struct endpoint_counts *counts = find_endpoint_counts(metrics, request->endpoint);
    ++*find_status(counts, request->status);
    if (request->took > 0) {
        counts->within[bound]++;
        counts->seconds += seconds;
    }
    metrics->hits += request->hits;
    metrics->together += request->together;
    pthread_mutex_unlock(&metrics->lock);
}

static void say(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP diffmm_serve_%s %s\n# TYPE diffmm_serve_%s %s\n", name, help, name, type);
}

static void say_one(FILE *out, const char *name, const char *type, const char *help, double value)
{
    say(out, name, type, help);
    fprintf(out, "diffmm_serve_%s %.17g\n", name, value);
}

static void write_requests(FILE *out, const struct metrics *metrics)
{
    say(out, "requests_total", "counter",
        "Requests by endpoint and status; 499: the client was gone before there was an answer.");
    for (size_t e = 0; e < metrics->endpoint_count; e++) {
        const struct endpoint_counts *counts = &metrics->endpoints[e];
        for (size_t s = 0; s < counts->status_count; s++)
            fprintf(out, "diffmm_serve_requests_total{endpoint=\"%s\",code=\"%u\"} %llu\n",
                    counts->endpoint, counts->statuses[s].status,
                    (unsigned long long)counts->statuses[s].count);
    }
}

static void write_durations(FILE *out, const struct metrics *metrics)
{
    static const char name[] = "diffmm_serve_request_duration_seconds";
    say(out, "request_duration_seconds", "histogram",
        "From a whole request to its answer, without receiving and sending.");
    for (size_t e = 0; e < metrics->endpoint_count; e++) {
        const struct endpoint_counts *counts = &metrics->endpoints[e];
        unsigned long long sum = 0;
        for (size_t b = 0; b < BOUNDS; b++) {
            sum += counts->within[b];
            fprintf(out, "%s_bucket{endpoint=\"%s\",le=\"%g\"} %llu\n", name, counts->endpoint,
                    bounds[b], sum);
        }
        sum += counts->within[BOUNDS];
        fprintf(out, "%s_bucket{endpoint=\"%s\",le=\"+Inf\"} %llu\n", name, counts->endpoint, sum);
        fprintf(out, "%s_sum{endpoint=\"%s\"} %.9g\n", name, counts->endpoint, counts->seconds);
        fprintf(out, "%s_count{endpoint=\"%s\"} %llu\n", name, counts->endpoint, sum);
    }
}

static void write_connections(FILE *out, const struct connection_counts *connections,
                              size_t under_way)
{
    say_one(out, "requests_in_progress", "gauge",
            "Requests of which at least the first line has come and the answer is not sent.",
            (double)under_way);
    say_one(out, "connections", "gauge", "Open connections.", (double)connections->open);
    say(out, "connections_cut_total", "counter",
        "Connections that were cut because a phase of theirs took too long.");
    for (size_t i = 0; i < PHASES_LIMITED; i++)
        fprintf(out, "diffmm_serve_connections_cut_total{phase=\"%s\"} %zu\n",
                phase_name((enum phase)i), connections->cut[i]);
}

static void write_model(FILE *out, struct store *store)
{
    struct store_state state = store_look(store);
    say_one(out, "model_generation", "gauge", "1 for the first model, 1 more with each reload.",
            (double)state.generation);
    say_one(out, "model_loaded_timestamp_seconds", "gauge",
            "When the model was loaded, in seconds since 1970.", state.loaded);
    say_one(out, "model_size_bytes", "gauge", "The model file in memory.", (double)state.bytes);
    say(out, "reloads_total", "counter", "Reloads that were done, and that left the old model.");
    fprintf(out, "diffmm_serve_reloads_total{result=\"done\"} %zu\n", state.reloads);
    fprintf(out, "diffmm_serve_reloads_total{result=\"refused\"} %zu\n", state.refused);
}

char *metrics_text(struct metrics *metrics, struct store *store,
                   const struct connection_counts *connections, size_t under_way)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    pthread_mutex_lock(&metrics->lock);
    write_requests(out, metrics);
    write_durations(out, metrics);
    say_one(out, "hits_total", "counter", "Hits in the answers.", (double)metrics->hits);
    say_one(out, "ranked_together_total", "counter",
            "Requests whose rankings were made together with others that came at the same moment.",
            (double)metrics->together);
    pthread_mutex_unlock(&metrics->lock);
    write_connections(out, connections, under_way);
    write_model(out, store);
    fprintf(out,
            "# HELP process_start_time_seconds When the service started, in seconds since "
            "1970.\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds "
            "%.3f\n",
            metrics->started);
    bool bad = ferror(out) != 0;
    if (fclose(out) != 0 || bad) {
        free(text);
        return NULL;
    }
    return text;
}
