/* SPDX-License-Identifier: BSD-2-Clause */
#include "training_options.h"

#include <stdio.h>
#include <string.h>

#include "command_line.h"
#include "id_list.h"
#include "numbers.h"

bool read_assignment(char *text, const char *option, struct assignment *out)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return complain("--%s '%s' is not of the form NAME=VALUE", option, text);
    *equals = '\0';
    *out = (struct assignment){text, equals + 1};
    return true;
}

void read_separator(const char *text, struct table_options *out)
{
    out->given = true;
    out->format.separator = strcmp(text, "tab") == 0     ? "\t"
                            : strcmp(text, "space") == 0 ? " "
                                                         : text;
}

bool read_answer(const char *option, const char *text, int32_t *out)
{
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return complain("--%s takes yes or no, not %s", option, text);
    *out = strcmp(text, "yes") == 0 ? DIFFMM_YES : DIFFMM_NO;
    return true;
}

bool read_column(char *text, struct table_options *out)
{
    struct assignment column = {0};
    if (!read_assignment(text, "column", &column))
        return false;
    const struct {
        const char *name;
        const char **place;
    } columns[] = {{"user", &out->format.user},
                   {"item", &out->format.item},
                   {"rating", &out->format.rating},
                   {"timestamp", &out->format.timestamp},
                   {"split", &out->format.split}};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        if (strcmp(column.name, columns[c].name) == 0) {
            *columns[c].place = column.value;
            out->given = true;
            return true;
        }
    return complain("--column takes user, item, rating, timestamp or split, not %s", column.name);
}

/* Two shares, of interactions for validation and test. False after complaining. */
static bool read_hold_out(const char *text, double *valid, double *test)
{
    const char *comma = read_real(text, valid);
    const char *end = comma && *comma == ',' ? read_real(comma + 1, test) : NULL;
    return (end && !*end) || complain("--hold-out takes two shares, as 0.1,0.1, not %s", text);
}

/* Cut "A,B" into two texts; without a comma both are the whole. */
struct halves {
    char first[64];
    const char *second;
};

static bool cut_in_two(const char *text, struct halves *out)
{
    const char *comma = strchr(text, ',');
    size_t length = comma ? (size_t)(comma - text) : strlen(text);
    if (length >= sizeof out->first)
        return false;
    memcpy(out->first, text, length);
    out->first[length] = '\0';
    out->second = comma ? comma + 1 : text;
    return true;
}

static bool read_counts(const char *text, size_t *first, size_t *second)
{
    struct halves halves;
    return cut_in_two(text, &halves) && read_number(halves.first, 0, INT32_MAX, first) &&
           read_number(halves.second, 0, INT32_MAX, second);
}

static bool read_rating(const char *text, double *out)
{
    const char *end = read_real(text, out);
    return end && !*end;
}

bool check_preparation(const struct preparation *p)
{
    double real, other;
    size_t first, second;
    struct halves halves;
    if (p->min_rating && !read_rating(p->min_rating, &real))
        return complain("--min-rating takes a number, not %s", p->min_rating);
    if (p->deduplicate && strcmp(p->deduplicate, "first") != 0 &&
        strcmp(p->deduplicate, "last") != 0)
        return complain("--deduplicate takes first or last, not %s", p->deduplicate);
    if (p->core && !read_counts(p->core, &first, &second))
        return complain("--core takes a number, or two, as 5 or 5,3, not %s", p->core);
    if (p->hold_out && !read_hold_out(p->hold_out, &real, &other))
        return false;
    if (p->last && (!strchr(p->last, ',') || !read_counts(p->last, &first, &second)))
        return complain("--hold-out-last takes two numbers, as 1,1, not %s", p->last);
    if (p->from && (!strchr(p->from, ',') || !cut_in_two(p->from, &halves)))
        return complain("--hold-out-from takes two dates, as 2024-05-01,2024-06-01, not %s",
                        p->from);
    if ((p->hold_out != NULL) + (p->last != NULL) + (p->from != NULL) > 1)
        return complain("only one of --hold-out, --hold-out-last and --hold-out-from can be given");
    return true;
}

static diffmm_status filter_features(diffmm_dataset *dataset, const char *names)
{
    diffmm_status status = DIFFMM_OK;
    if (!names)
        return diffmm_dataset_filter_features(dataset);
    for (const char *name = names, *end; name && status == DIFFMM_OK;
         name = *end ? end + 1 : NULL) {
        char one[128];
        end = name + strcspn(name, ",");
        snprintf(one, sizeof one, "%.*s", (int)(end - name), name);
        status = diffmm_dataset_filter_features_of(dataset, one);
    }
    return status;
}

static diffmm_status filter(diffmm_dataset *dataset, const struct preparation *p)
{
    double rating;
    size_t users, items;
    diffmm_status status = DIFFMM_OK;
    if (p->min_rating && read_rating(p->min_rating, &rating))
        status = diffmm_dataset_filter_ratings(dataset, rating);
    if (status == DIFFMM_OK && p->deduplicate)
        status = diffmm_dataset_deduplicate(
            dataset, strcmp(p->deduplicate, "last") == 0 ? DIFFMM_KEEP_LAST : DIFFMM_KEEP_FIRST);
    if (status == DIFFMM_OK && p->with_features)
        status = filter_features(dataset, p->features_of);
    if (status == DIFFMM_OK && p->core && read_counts(p->core, &users, &items))
        status = diffmm_dataset_filter_core(dataset, users, items);
    return status;
}

static diffmm_status hold_out(diffmm_dataset *dataset, const struct preparation *p, uint64_t seed)
{
    double valid_share, test_share;
    size_t valid, test;
    struct halves dates;
    if (p->hold_out && read_hold_out(p->hold_out, &valid_share, &test_share))
        return diffmm_dataset_hold_out(dataset, valid_share, test_share, seed);
    if (p->last && read_counts(p->last, &valid, &test))
        return diffmm_dataset_hold_out_last(dataset, valid, test);
    if (p->from && cut_in_two(p->from, &dates))
        return diffmm_dataset_hold_out_from(dataset, *dates.first ? dates.first : NULL,
                                            *dates.second ? dates.second : NULL);
    return DIFFMM_OK;
}

diffmm_status prepare(diffmm_dataset *dataset, const struct preparation *preparation, uint64_t seed)
{
    diffmm_status status = filter(dataset, preparation);
    return status != DIFFMM_OK ? status : hold_out(dataset, preparation, seed);
}

diffmm_status make_options(diffmm_context *context, const char *preset, size_t count,
                           const struct assignment *settings, diffmm_options **out)
{
    diffmm_options *options;
    diffmm_status status = diffmm_options_create(context, &options);
    if (status != DIFFMM_OK)
        return status;
    if (preset)
        status = diffmm_options_preset(options, preset);
    for (size_t i = 0; i < count && status == DIFFMM_OK; i++)
        status = diffmm_options_set(options, settings[i].name, settings[i].value);
    if (status != DIFFMM_OK) {
        diffmm_options_destroy(options);
        return status;
    }
    *out = options;
    return DIFFMM_OK;
}

int declare_items(diffmm_dataset *dataset, const char *path)
{
    struct id_list list;
    char why[512];
    if (!id_list_read(path, &list, why, sizeof why)) {
        complain("%s", why);
        return EXIT_FAILED;
    }
    int result = EXIT_DONE;
    if (diffmm_dataset_declare_items(dataset, list.count, list.ids) != DIFFMM_OK) {
        complain("%s: %s", path, diffmm_error_message());
        result = EXIT_FAILED;
    }
    id_list_end(&list);
    return result;
}

void describe_dataset(const diffmm_dataset *dataset)
{
    fprintf(stderr, "%zu users, %zu items, %zu + %zu + %zu interactions",
            diffmm_dataset_users(dataset), diffmm_dataset_items(dataset),
            diffmm_dataset_interactions(dataset, DIFFMM_TRAIN),
            diffmm_dataset_interactions(dataset, DIFFMM_VALID),
            diffmm_dataset_interactions(dataset, DIFFMM_TEST));
    for (size_t m = 0; m < diffmm_dataset_modalities(dataset); m++)
        fprintf(stderr, ", %s (%zu)", diffmm_dataset_modality_name(dataset, m),
                diffmm_dataset_modality_dimensions(dataset, m));
    fprintf(stderr, "\n");
}
