/* SPDX-License-Identifier: BSD-2-Clause */
#include "service.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"

pid_t service;
int port;
diffmm_scorer *scorer;

void pause_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* Start the service on a free port with further arguments (NULL last), and wait until it listens.
 */
void service_begin_with(const char *const *further)
{
    const char *arguments[16] = {"--model", "model", "--port", "0", "--threads", "2"};
    for (size_t i = 0; further[i]; i++)
        arguments[6 + i] = further[i];
    make_model("model", 1);
    scorer = open_made_model("model");
    service = start(serve_program, arguments);
    for (port = 0; port == 0; pause_a_moment()) {
        char *said = access("out", F_OK) == 0 ? read_text("out") : NULL;
        if (said && strchr(said, '\n'))
            ck_assert_int_eq(sscanf(said, "listening on http://127.0.0.1:%d\n", &port), 1);
        free(said);
    }
}

void service_begin(void)
{
    service_begin_with((const char *[]){NULL});
}

/* A service that is told to end does so in order: a leak, found by a sanitiser, is another status.
 */
void service_end(void)
{
    ck_assert_int_eq(kill(service, SIGTERM), 0);
    ck_assert_int_eq(finish(service), 0);
    diffmm_scorer_destroy(scorer);
}

static json_t *parse(const char *body)
{
    json_error_t error;
    json_t *object = json_loads(body, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(object != NULL, "not JSON: %s: %s", error.text, body);
    return object;
}

/* A request that succeeds; its answer. */
json_t *ask(const char *method, const char *target, const char *body)
{
    struct response response = http_request(port, method, target, body);
    ck_assert_msg(response.status == 200, "%s: status %d: %s", target, response.status,
                  response.body);
    ck_assert_ptr_nonnull(strstr(response.headers, "Content-Type: application/json"));
    json_t *answer = parse(response.body);
    response_end(&response);
    return answer;
}

void expect_error(const struct response *response, int status, const char *reason)
{
    ck_assert_msg(response->status == status, "status %d, not %d: %s", response->status, status,
                  response->body);
    json_t *answer = parse(response->body);
    const char *said = json_string_value(json_object_get(answer, "error"));
    ck_assert_msg(said && strstr(said, reason), "no '%s' in '%s'", reason, response->body);
    json_decref(answer);
}

/* The answer's list `key` holds these hits: ids of `side`, scores to the bit. */
void expect_hits(const json_t *answer, diffmm_side side, const diffmm_hit *hits, size_t found)
{
    const json_t *list = json_object_get(answer, side == DIFFMM_USERS ? "users" : "items");
    ck_assert_uint_eq(json_array_size(list), found);
    for (size_t i = 0; i < found; i++) {
        const json_t *hit = json_array_get(list, i);
        const char *id =
            json_string_value(json_object_get(hit, side == DIFFMM_USERS ? "user" : "item"));
        ck_assert_str_eq(id,
                         side == DIFFMM_USERS ? made_user(hits[i].item) : made_item(hits[i].item));
        ck_assert_float_eq((float)json_real_value(json_object_get(hit, "score")), hits[i].score);
    }
}

void succeed(diffmm_status status)
{
    ck_assert_msg(status == DIFFMM_OK, "%s", diffmm_error_message());
}

int64_t generation(void)
{
    json_t *answer = ask("GET", "/health", NULL);
    int64_t number = json_integer_value(json_object_get(answer, "generation"));
    json_decref(answer);
    return number;
}
