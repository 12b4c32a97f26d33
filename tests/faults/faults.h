/* SPDX-License-Identifier: BSD-2-Clause */
/* What may fail, call by call: a table of calls of public functions, each with inputs that are made
 * afresh for every attempt, and a driver that lets the n-th thing of a kind fail, once and from
 * there on, for n = 1, 2, .. until nothing is left to fail. */
#ifndef DIFFMM_TESTS_FAULTS_H
#define DIFFMM_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/diffmm.h>

/* Where a call puts its results. */
union fault_output {
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_graph *graph;
    diffmm_schedule *schedule;
    diffmm_model *model;
    diffmm_trainer *trainer;
    diffmm_scorer *scorer;
    diffmm_placer *placer;
    diffmm_diffusion *module;
    diffmm_file *file;
    struct ArrowArrayStream stream;
    diffmm_forecast forecast;
    bool seen;
    diffmm_report report;
    diffmm_losses losses;
    diffmm_diffusion_losses module_losses;
    diffmm_diffusion_needs needs;
    diffmm_metrics metrics[4];
    diffmm_graph_measures graph_measures;
    diffmm_denoiser_measures denoiser_measures;
    float values[2048];
    int32_t numbers[512];
    struct {
        int32_t user[16], positive[16], negative[16];
        size_t count;
    } pairs;
    struct {
        double loss;
        float gradient[256];
    } loss;
    struct {
        diffmm_hit hits[64];
        size_t found[16];
    } ranked;
    struct {
        diffmm_explanation explanation;
        float modalities[4], denoisers[4];
        diffmm_hit items[16];
    } explained;
    struct { /* a file in memory */
        size_t size;
        unsigned char bytes[1 << 16];
    } saved;
};

/* The inputs of one attempt; those that a case does not use are NULL. */
struct fault_world {
    diffmm_context_settings settings; /* those of the context */
    diffmm_context *context;
    const char *folder; /* with the files of fault_files_begin() */
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_graph *graph;
    diffmm_schedule *schedule;
    diffmm_model *model; /* not one that belongs to `trainer` */
    diffmm_trainer *trainer;
    diffmm_scorer *scorer;
    diffmm_placer *placer;
    diffmm_diffusion *module;
    unsigned char *bytes; /* of fault_read_file() */
    size_t size;
    union fault_output out;
};

/* One call. Everything is made in the world's context. */
struct fault_case {
    const char *name;                         /* the function; after a blank, which way */
    void (*begin)(struct fault_world *world); /* make inputs; NULL: none */
    diffmm_status (*call)(struct fault_world *world);
    void (*bits)(struct fault_world *world); /* fault_hash() what a success gave */
    void (*end)(struct fault_world *world);  /* release world->out; NULL: nothing there */
};

/* The table: a list for each group of functions, ended by a case without a name. */
extern const struct fault_case fault_data_cases[], fault_unit_cases[], fault_model_cases[],
    fault_file_cases[], fault_serving_cases[], fault_growth_cases[], fault_module_cases[];

/* All of these, ended by NULL; and the case of a name. */
extern const struct fault_case *const fault_lists[];
const struct fault_case *fault_find(const char *name);

/* What tells results apart: start, mix bytes in, end. */
void fault_hash_begin(void);
uint64_t fault_hash_end(void);
void fault_hash(const void *bytes, size_t size);
void fault_hash_text(const char *text);
void fault_hash_options(const diffmm_options *options);
void fault_hash_dataset(const diffmm_dataset *dataset);
void fault_hash_graph(const diffmm_graph *graph);
void fault_hash_model(const diffmm_model *model);
void fault_hash_trainer(const diffmm_trainer *trainer); /* after an epoch */
void fault_hash_file(const char *path);
void fault_hash_output(struct fault_world *world); /* all of world->out: `bits` of cases */

/* A path in the world's folder, until the next call. */
const char *fault_path(const struct fault_world *world, const char *name);

/* Inputs: 5 users, 6 items, two modalities; everything small. */
void fault_fill_dataset(struct fault_world *world); /* with ids, not yet sealed */
void fault_make_dataset(struct fault_world *world); /* the same, sealed */
void fault_make_options(struct fault_world *world);
void fault_make_inputs(struct fault_world *world); /* both: what models and trainers are made of */
void fault_make_model(struct fault_world *world);  /* of these two, with embeddings */

/* Inputs of 3 users and 4 items, not yet sealed, whose one modality has features of a loader. */
void fault_make_loaded(struct fault_world *world, diffmm_feature_loader load);
int fault_load(size_t first, size_t count, float *out, void *user_data); /* a loader */

/* Release the inputs, but for the context. */
void fault_release_inputs(struct fault_world *world);

/* Release a result: `end` of cases. */
void fault_end_dataset(struct fault_world *world);
void fault_end_model(struct fault_world *world);
void fault_end_trainer(struct fault_world *world);
void fault_end_scorer(struct fault_world *world);
void fault_end_placer(struct fault_world *world);

/* The files that the readers are tried on, made in the folder: among them a model and the
 * checkpoints of a training before its first epoch and after it. */
#define FAULT_MODEL "model.safetensors"
#define FAULT_BEGUN "begun.safetensors"
#define FAULT_TRAINED "trained.safetensors"
void fault_files_begin(const char *folder);

/* One of them into world->bytes, `shift` bytes past what is aligned for anything. */
void fault_read_file(struct fault_world *world, const char *name, size_t shift);

/* What fails, and what may be said of it. */
struct fault_kind {
    const char *name;
    /* Let the n-th thing from now on fail (and, onwards, all after it); 0: none. */
    void (*arm)(size_t n, bool onwards);
    size_t (*came)(void);   /* how many there have been since */
    size_t (*failed)(void); /* how many of them have failed */
    /* A call in which something failed has returned so: NULL if that is right, else what is wrong.
     */
    const char *(*judge)(diffmm_status status, const char *message);
    size_t (*live)(void); /* of what must be given back: blocks, files, mappings */
    size_t (*lost)(void); /* how many of them another library may have lost; NULL: none */
    void *(*allocate)(size_t size, void *user_data); /* the context's; or NULL */
    void (*release)(void *pointer, void *user_data);
};

/* Every how many-th point of failure is tried: DIFFMM_FAULT_STEP, or 1. */
size_t fault_step(void);

/* Try every case of a list, and print how many failures each was put through. */
void fault_drive(const struct fault_kind *kind, const struct fault_case *cases);

/* The same for all lists. */
void fault_drive_all(const struct fault_kind *kind);

/* The same for one case; the number of failures. _once: never from there on. */
size_t fault_drive_case(const struct fault_kind *kind, const struct fault_case *one,
                        const char *folder);
size_t fault_drive_once(const struct fault_kind *kind, const struct fault_case *one,
                        const char *folder);

/* What an undisturbed call gives. */
uint64_t fault_bits(const struct fault_kind *kind, const struct fault_case *one,
                    const char *folder);

#endif
