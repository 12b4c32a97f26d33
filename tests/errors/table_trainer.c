/* SPDX-License-Identifier: BSD-2-Clause */
/* trainer.h */
#include "table.h"

static diffmm_status forecast(const union value *v)
{
    return diffmm_trainer_forecast(v[0].p, v[1].in, v[2].p);
}

static diffmm_status measure(const union value *v)
{
    return diffmm_trainer_measure(v[0].p, v[1].in, v[2].r, v[3].p);
}

static diffmm_status create(const union value *v)
{
    return diffmm_trainer_create(v[0].p, v[1].in, v[2].p);
}

static diffmm_status destroy(const union value *v)
{
    diffmm_trainer_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status on_progress(const union value *v)
{
    return diffmm_trainer_on_progress(v[0].p, v[1].on_progress, v[2].p);
}

static diffmm_status join(const union value *v)
{
    return diffmm_trainer_join(v[0].p, v[1].in);
}

static diffmm_status forecast_peer(const union value *v)
{
    return diffmm_trainer_forecast_peer(v[0].p, v[1].in, v[2].n, v[3].n, v[4].p);
}

static diffmm_status resume_peer(const union value *v)
{
    return diffmm_trainer_resume_peer(v[0].p, v[1].in, v[2].in, v[3].in, v[4].p);
}

static diffmm_status save_at(const union value *v)
{
    return diffmm_trainer_save_at(v[0].p, v[1].n, v[2].in);
}

static diffmm_status checkpoint_at(const union value *v)
{
    return diffmm_trainer_checkpoint_at(v[0].p, v[1].n, v[2].in);
}

static diffmm_status epoch(const union value *v)
{
    return diffmm_trainer_epoch(v[0].p, v[1].p);
}

static diffmm_status fit(const union value *v)
{
    return diffmm_trainer_fit(v[0].p, v[1].on_epoch, v[2].p);
}

static diffmm_status restore_best(const union value *v)
{
    return diffmm_trainer_restore_best(v[0].p);
}

static diffmm_status cancel(const union value *v)
{
    diffmm_trainer_cancel(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status best(const union value *v)
{
    return diffmm_trainer_best(v[0].in, v[1].p, v[2].p, v[3].p);
}

static diffmm_status report(const union value *v)
{
    return diffmm_trainer_report(v[0].in, v[1].p);
}

static diffmm_status checkpoint(const union value *v)
{
    return diffmm_trainer_checkpoint(v[0].in, v[1].in);
}

static diffmm_status checkpoint_memory(const union value *v)
{
    return diffmm_trainer_checkpoint_memory(v[0].in, v[1].p, v[2].n, v[3].p);
}

static diffmm_status resume(const union value *v)
{
    return diffmm_trainer_resume(v[0].p, v[1].in, v[2].in, v[3].p);
}

static diffmm_status resume_memory(const union value *v)
{
    return diffmm_trainer_resume_memory(v[0].p, v[1].in, v[2].n, v[3].in, v[4].p);
}

static diffmm_status create_final(const union value *v)
{
    return diffmm_trainer_create_final(v[0].in, v[1].p);
}

static diffmm_status fit_final(const union value *v)
{
    return diffmm_trainer_fit_final(v[0].p, v[1].on_epoch, v[2].p, v[3].p);
}

static diffmm_status sample_pairs(const union value *v)
{
    return diffmm_sample_pairs(v[0].in, v[1].n, v[2].n, v[3].p, v[4].p, v[5].p, v[6].p);
}

static diffmm_status trainer_model(const union value *v)
{
    return answered(diffmm_trainer_model(v[0].in) != NULL);
}

static int go_on(const diffmm_progress *progress, void *user_data)
{
    (void)progress;
    (void)user_data;
    return 0;
}

static int train_on(const diffmm_report *epochs, void *user_data)
{
    (void)epochs;
    (void)user_data;
    return 0;
}

static int exchange(int32_t to, const void *send, size_t send_bytes, int32_t from, void *receive,
                    size_t receive_bytes, void *user_data)
{
    (void)to, (void)send, (void)send_bytes, (void)from, (void)receive, (void)receive_bytes;
    (void)user_data;
    return 1;
}

static const diffmm_peers alone = {.struct_size = sizeof alone, .size = 1, .exchange = exchange};

enum { pairs = 6 };

static struct entry entries[] = {
    {"diffmm_trainer_forecast", forecast,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"options", OPTIONS, true},
                   {"out", FILLED, .bytes = sizeof(diffmm_forecast)}}},
    {"diffmm_trainer_measure", measure,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"options", OPTIONS, true},
                   {"seconds", REAL, .good.r = 1e-6,
                    .others = {{{.r = 0}, INVALID},
                               {{.r = -1}, INVALID},
                               {{.r = 3600.5}, INVALID},
                               {{.r = (double)NAN}, INVALID}}},
                   {"out", OUT, .bytes = sizeof(diffmm_seconds)}}},
    {"diffmm_trainer_create", create,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"options", OPTIONS, true},
                   {"out", MADE, .made = TRAINER}}},
    {"diffmm_trainer_destroy", destroy, true,
     .arguments = {{"trainer", TRAINER, true, .ends = true}}},
    {"diffmm_trainer_on_progress", on_progress,
     .arguments = {{"trainer", TRAINER},
                   {"function", CALLBACK, true, .good.on_progress = go_on},
                   {"user_data", CALLBACK, true}}},
    {"diffmm_trainer_join", join,
     .arguments = {{"trainer", TRAINER},
                   {"peers", SETTINGS, true, .good.in = &alone, .bytes = sizeof alone}}},
    {"diffmm_trainer_forecast_peer", forecast_peer,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"options", OPTIONS, true},
                   {"rank", SIZE, .good.n = 1,
                    .others = {{{.n = 3}, INVALID, "3 peers"},
                               {{.n = (size_t)-1}, INVALID, "3 peers"}}},
                   {"size", SIZE, .good.n = 3,
                    .others = {{{.n = 0}, INVALID, "size is 0"},
                               {{.n = 1}, INVALID, "1 peers"},
                               {{.n = (size_t)-1}, INVALID, "size"}}},
                   {"out", FILLED, .bytes = sizeof(diffmm_forecast)}}},
    {"diffmm_trainer_resume_peer", resume_peer,
     .arguments = {{"dataset", DATASET},
                   {"path", TEXT, .good.in = "run.ckpt",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such/ckpt"}, IO, "no-such"}}},
                   {"options", OPTIONS, true},
                   {"peers", SETTINGS, .good.in = &alone, .bytes = sizeof alone},
                   {"out", MADE, .made = TRAINER}}},
    {"diffmm_trainer_save_at", save_at,
     .arguments = {{"trainer", TRAINED},
                   {"rank", SIZE,
                    .others = {{{.n = 1}, INVALID, "1 peers"},
                               {{.n = (size_t)-1}, INVALID, "1 peers"}}},
                   {"path", TEXT, .good.in = "saved.model",
                    .others = {{{.in = "no-such/model"}, IO, "no-such"}}}}},
    {"diffmm_trainer_checkpoint_at", checkpoint_at,
     .arguments = {{"trainer", TRAINED},
                   {"rank", SIZE,
                    .others = {{{.n = 1}, INVALID, "1 peers"},
                               {{.n = (size_t)-1}, INVALID, "1 peers"}}},
                   {"path", TEXT, .good.in = "saved.ckpt",
                    .others = {{{.in = "no-such/ckpt"}, IO, "no-such"}}}}},
    {"diffmm_trainer_epoch", epoch,
     .arguments = {{"trainer", TRAINER}, {"report", FILLED, true, .bytes = sizeof(diffmm_report)}}},
    {"diffmm_trainer_fit", fit,
     .arguments = {{"trainer", TRAINER},
                   {"on_epoch", CALLBACK, true, .good.on_epoch = train_on},
                   {"user_data", CALLBACK, true}}},
    {"diffmm_trainer_create_final", create_final,
     .arguments = {{"trainer", TRAINED}, {"out", MADE, .made = TRAINER}}},
    {"diffmm_trainer_fit_final", fit_final,
     .arguments = {{"trainer", TRAINED},
                   {"on_epoch", CALLBACK, true, .good.on_epoch = train_on},
                   {"user_data", CALLBACK, true},
                   {"out", MADE, .made = TRAINER}}},
    {"diffmm_trainer_restore_best", restore_best, .arguments = {{"trainer", TRAINED}}},
    {"diffmm_trainer_cancel", cancel, true, .arguments = {{"trainer", TRAINER, true}}},
    {"diffmm_trainer_best", best,
     .arguments = {{"trainer", TRAINED},
                   {"epoch", OUT, true, .bytes = sizeof(size_t)},
                   {"valid", OUT, true, .bytes = sizeof(void *)},
                   {"test", OUT, true, .bytes = sizeof(void *)}}},
    {"diffmm_trainer_report", report,
     .arguments = {{"trainer", TRAINED}, {"out", FILLED, .bytes = sizeof(diffmm_report)}}},
    {"diffmm_trainer_checkpoint", checkpoint,
     .arguments = {{"trainer", TRAINED},
                   {"path", TEXT, .good.in = "saved.ckpt",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such/ckpt"}, IO, "no-such"}}}}},
    {"diffmm_trainer_checkpoint_memory", checkpoint_memory,
     .arguments = {{"trainer", TRAINED},
                   {"data", OUT, true, .bytes = 32768},
                   {"capacity", SIZE, .good.n = 32768,
                    .others = {{{.n = 0}, INVALID, "bytes"}, {{.n = 100}, INVALID, "bytes"}}},
                   {"size", OUT, .bytes = sizeof(size_t)}}},
    {"diffmm_trainer_resume", resume,
     .arguments = {{"dataset", DATASET},
                   {"path", TEXT, .good.in = "run.ckpt",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such"}, IO, "no-such"},
                               {{.in = "clicks.tsv"}, FORMAT, "clicks.tsv"},
                               {{.in = "model.safetensors"}, FORMAT, "model.safetensors"}}},
                   {"options", OPTIONS, true},
                   {"out", MADE, .made = TRAINER}}},
    {"diffmm_trainer_resume_memory", resume_memory,
     .arguments = {{"dataset", DATASET},
                   {"data", DATA},
                   {"size", SIZE,
                    .others = {{{.n = 0}, FORMAT, "data"},
                               {{.n = 7}, FORMAT, "data"},
                               {{.n = 100}, FORMAT, "data"}}},
                   {"options", OPTIONS, true},
                   {"out", MADE, .made = TRAINER}}},
    {"diffmm_sample_pairs", sample_pairs,
     .arguments = {{"dataset", DATASET},
                   {"seed", SIZE, .good.n = 1},
                   {"epoch", SIZE, .good.n = 1,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   {"user", OUT, .bytes = pairs * sizeof(int32_t)},
                   {"positive", OUT, .bytes = pairs * sizeof(int32_t)},
                   {"negative", OUT, .bytes = pairs * sizeof(int32_t)},
                   {"count", OUT, .bytes = sizeof(size_t)}}},
    {"diffmm_trainer_model", trainer_model, true, {{"trainer", TRAINER}}},
};

struct table table_trainer(void)
{
    give_file(entries, sizeof entries / sizeof *entries, checkpoint_file);
    return (struct table){entries, sizeof entries / sizeof *entries};
}
