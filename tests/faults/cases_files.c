/* SPDX-License-Identifier: BSD-2-Clause */
/* Model files and training checkpoints, on disk and in memory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "faults.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/settings.h"

/* With a file to be replaced. */
static void make_model_and_file(struct fault_world *world)
{
    fault_make_model(world);
    write_bytes(fault_path(world, "old.safetensors"), "the last one", 12);
}

static diffmm_status save_new(struct fault_world *world)
{
    return diffmm_model_save(world->model, fault_path(world, "new.safetensors"));
}

static diffmm_status save_over(struct fault_world *world)
{
    return diffmm_model_save(world->model, fault_path(world, "old.safetensors"));
}

static void saved_new_bits(struct fault_world *world)
{
    fault_hash_file(fault_path(world, "new.safetensors"));
}

static void saved_over_bits(struct fault_world *world)
{
    fault_hash_file(fault_path(world, "old.safetensors"));
}

/* So that each attempt finds the folder as the first did. */
static void remove_new(struct fault_world *world)
{
    ck_assert_int_eq(unlink(fault_path(world, "new.safetensors")), 0);
}

/* The same by way of a link to it. */
static void make_model_and_link(struct fault_world *world)
{
    make_model_and_file(world);
    ck_assert_int_eq(symlink("old.safetensors", fault_path(world, "link.safetensors")), 0);
}

static diffmm_status save_by_link(struct fault_world *world)
{
    return diffmm_model_save(world->model, fault_path(world, "link.safetensors"));
}

static void remove_link(struct fault_world *world)
{
    ck_assert_int_eq(unlink(fault_path(world, "link.safetensors")), 0);
}

/* A pipe that is open in this process, and a link to it by the descriptor's number; the name is one
 * that comparing the folder passes over. */
static int pipe_ends[2];
static const char pipe_link[] = ".link.safetensors";

static void make_model_and_pipe(struct fault_world *world)
{
    char target[32];
    fault_make_model(world);
    ck_assert_int_eq(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
    snprintf(target, sizeof target, "/dev/fd/%d", pipe_ends[1]);
    ck_assert_int_eq(symlink(target, fault_path(world, pipe_link)), 0);
}

/* All that came through. */
static size_t drain(unsigned char *bytes, size_t most)
{
    size_t size = 0;
    ssize_t more;
    while (size < most && (more = read(pipe_ends[0], bytes + size, most - size)) > 0)
        size += (size_t)more;
    return size;
}

/* A part that an attempt before has written is no matter of this one. */
static diffmm_status save_through(struct fault_world *world)
{
    static unsigned char part[1 << 16];
    drain(part, sizeof part);
    return diffmm_model_save(world->model, fault_path(world, pipe_link));
}

static void saved_through_bits(struct fault_world *world)
{
    world->out.saved.size = drain(world->out.saved.bytes, sizeof world->out.saved.bytes);
    fault_hash(world->out.saved.bytes, world->out.saved.size);
}

static void close_pipe(struct fault_world *world)
{
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    ck_assert_int_eq(unlink(fault_path(world, pipe_link)), 0);
}

static diffmm_status load_model(struct fault_world *world)
{
    return diffmm_model_load(world->context, fault_path(world, FAULT_MODEL), &world->out.model);
}

static void new_model_bits(struct fault_world *world)
{
    fault_hash_model(world->out.model);
}

static diffmm_status save_memory(struct fault_world *world)
{
    return diffmm_model_save_memory(world->model, world->out.saved.bytes,
                                    sizeof world->out.saved.bytes, &world->out.saved.size);
}

static void saved_memory_bits(struct fault_world *world)
{
    fault_hash(world->out.saved.bytes, world->out.saved.size);
}

static void model_in_memory(struct fault_world *world)
{
    fault_read_file(world, FAULT_MODEL, 0);
}

static diffmm_status load_memory(struct fault_world *world)
{
    return diffmm_model_load_memory(world->context, world->bytes, world->size, &world->out.model);
}

static diffmm_status open_model(struct fault_world *world)
{
    return diffmm_file_open(world->context, fault_path(world, FAULT_MODEL), &world->out.file);
}

static void checkpoint_in_memory(struct fault_world *world)
{
    fault_read_file(world, FAULT_TRAINED, 0);
}

static diffmm_status open_memory(struct fault_world *world)
{
    return diffmm_file_open_memory(world->context, world->bytes, world->size, &world->out.file);
}

static void file_bits(struct fault_world *world)
{
    const diffmm_file *file = world->out.file;
    diffmm_file_info info = {.struct_size = sizeof info};
    expect_success(diffmm_file_describe(file, &info));
    ck_assert_uint_eq(info.modality_count, 2);
    ck_assert_uint_eq(info.chosen_epoch, 1);
    fault_hash(&info.kind, sizeof info.kind);
    fault_hash(&info.epochs_done, sizeof info.epochs_done);
    fault_hash_text(info.library);
    fault_hash(info.test, info.cutoff_count * sizeof *info.test);
    for (size_t m = 0; m < info.modality_count; m++)
        fault_hash_text(diffmm_file_modality_name(file, m));
    fault_hash_options(diffmm_file_options(file));
}

static void end_file(struct fault_world *world)
{
    diffmm_file_destroy(world->out.file);
}

/* A training after its first epoch, which takes as many seconds in every attempt: so its checkpoint
 * has the same bytes. */
static void make_resumed(struct fault_world *world)
{
    fault_make_dataset(world);
    expect_success(diffmm_trainer_resume(world->dataset, fault_path(world, FAULT_TRAINED), NULL,
                                         &world->trainer));
}

/* With the checkpoint before that epoch, to be replaced. */
static void make_resumed_and_file(struct fault_world *world)
{
    make_resumed(world);
    size_t size;
    unsigned char *begun = read_bytes(fault_path(world, FAULT_BEGUN), &size);
    write_bytes(fault_path(world, "new.safetensors"), begun, size);
    free(begun);
}

static diffmm_status checkpoint(struct fault_world *world)
{
    return diffmm_trainer_checkpoint(world->trainer, fault_path(world, "new.safetensors"));
}

/* And training goes on as if nothing had been. */
static void checkpoint_bits(struct fault_world *world)
{
    saved_new_bits(world);
    expect_success(diffmm_trainer_epoch(world->trainer, NULL));
    fault_hash_trainer(world->trainer);
}

static diffmm_status checkpoint_at(struct fault_world *world)
{
    return diffmm_trainer_checkpoint_at(world->trainer, 0, fault_path(world, "new.safetensors"));
}

static diffmm_status save_at(struct fault_world *world)
{
    return diffmm_trainer_save_at(world->trainer, 0, fault_path(world, "new.safetensors"));
}

static diffmm_status checkpoint_memory(struct fault_world *world)
{
    return diffmm_trainer_checkpoint_memory(world->trainer, world->out.saved.bytes,
                                            sizeof world->out.saved.bytes, &world->out.saved.size);
}

/* Nobody is called where there is one peer. */
static int no_exchange(int32_t to, const void *send, size_t send_bytes, int32_t from, void *receive,
                       size_t receive_bytes, void *user_data)
{
    (void)to;
    (void)send;
    (void)send_bytes;
    (void)from;
    (void)receive;
    (void)receive_bytes;
    (void)user_data;
    return 1;
}

static diffmm_status resume(struct fault_world *world)
{
    return diffmm_trainer_resume(world->dataset, fault_path(world, FAULT_TRAINED), NULL,
                                 &world->out.trainer);
}

static diffmm_status resume_peer(struct fault_world *world)
{
    const diffmm_peers alone = {.struct_size = sizeof alone, .size = 1, .exchange = no_exchange};
    return diffmm_trainer_resume_peer(world->dataset, fault_path(world, FAULT_TRAINED), NULL,
                                      &alone, &world->out.trainer);
}

/* Not yet sealed, and settings of one's own. */
static void make_unsealed_and_options(struct fault_world *world)
{
    fault_fill_dataset(world);
    fault_make_options(world);
    expect_success(diffmm_options_set(world->options, "epochs", "3"));
}

static diffmm_status resume_with_options(struct fault_world *world)
{
    return diffmm_trainer_resume(world->dataset, fault_path(world, FAULT_TRAINED), world->options,
                                 &world->out.trainer);
}

/* So that every tensor is copied. */
static void misaligned_training(struct fault_world *world)
{
    fault_make_dataset(world);
    fault_read_file(world, FAULT_TRAINED, 1);
}

static diffmm_status resume_memory(struct fault_world *world)
{
    return diffmm_trainer_resume_memory(world->dataset, world->bytes + 1, world->size, NULL,
                                        &world->out.trainer);
}

static void resumed_bits(struct fault_world *world)
{
    expect_success(diffmm_trainer_epoch(world->out.trainer, NULL));
    fault_hash_trainer(world->out.trainer);
}

const struct fault_case fault_file_cases[] = {
    {"diffmm_model_save a new file", fault_make_model, save_new, saved_new_bits, remove_new},
    {"diffmm_model_save over a file", make_model_and_file, save_over, saved_over_bits, NULL},
    {"diffmm_model_save by a link", make_model_and_link, save_by_link, saved_over_bits,
     remove_link},
    {"diffmm_model_save through a descriptor", make_model_and_pipe, save_through,
     saved_through_bits, close_pipe},
    {"diffmm_model_save_memory", fault_make_model, save_memory, saved_memory_bits, NULL},
    {"diffmm_model_load", NULL, load_model, new_model_bits, fault_end_model},
    {"diffmm_model_load_memory", model_in_memory, load_memory, new_model_bits, fault_end_model},
    {"diffmm_file_open", NULL, open_model, file_bits, end_file},
    {"diffmm_file_open_memory", checkpoint_in_memory, open_memory, file_bits, end_file},
    {"diffmm_trainer_checkpoint", make_resumed_and_file, checkpoint, checkpoint_bits, remove_new},
    {"diffmm_trainer_checkpoint_at", make_resumed_and_file, checkpoint_at, checkpoint_bits,
     remove_new},
    {"diffmm_trainer_save_at", make_resumed_and_file, save_at, checkpoint_bits, remove_new},
    {"diffmm_trainer_checkpoint_memory", make_resumed, checkpoint_memory, saved_memory_bits, NULL},
    {"diffmm_trainer_resume", fault_make_dataset, resume, resumed_bits, fault_end_trainer},
    {"diffmm_trainer_resume_peer", fault_make_dataset, resume_peer, resumed_bits,
     fault_end_trainer},
    {"diffmm_trainer_resume with options", make_unsealed_and_options, resume_with_options,
     resumed_bits, fault_end_trainer},
    {"diffmm_trainer_resume_memory", misaligned_training, resume_memory, resumed_bits,
     fault_end_trainer},
    {.name = NULL}};
