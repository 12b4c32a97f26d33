/* SPDX-License-Identifier: BSD-2-Clause */
#include "users.h"

#include <stdlib.h>

#include "common/command_line.h"
#include "common/id_list.h"

static int32_t *find_users(const diffmm_scorer *scorer, const struct id_list *list)
{
    int32_t *numbers = malloc((list->count + 1) * sizeof *numbers);
    if (!numbers)
        complain("no memory for the list of users");
    for (size_t i = 0; numbers && i < list->count; i++)
        if (diffmm_scorer_find_user(scorer, list->ids[i], &numbers[i]) != DIFFMM_OK) {
            complain("line %zu of the list of users: %s", i + 1, diffmm_error_message());
            free(numbers);
            return NULL;
        }
    return numbers;
}

int32_t *read_users(const diffmm_scorer *scorer, const char *path, size_t *count)
{
    struct id_list list;
    char why[512];
    if (!id_list_read(path, &list, why, sizeof why)) {
        complain("the list of users: %s", why);
        return NULL;
    }
    int32_t *numbers = find_users(scorer, &list);
    *count = list.count;
    id_list_end(&list);
    return numbers;
}
