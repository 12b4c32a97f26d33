/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/ascending.h"

#include <string.h>

#include "base/memory.h"

size_t diffmm__ascending_lower_bound(size_t count, const int32_t *numbers, int32_t number)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool diffmm__ascending_has(size_t count, const int32_t *numbers, int32_t number)
{
    size_t place = diffmm__ascending_lower_bound(count, numbers, number);
    return place < count && numbers[place] == number;
}

static bool ascends(size_t count, const int32_t *numbers)
{
    for (size_t i = 1; i < count; i++)
        if (numbers[i] < numbers[i - 1])
            return false;
    return true;
}

static void sink(int32_t *heap, size_t count, size_t at)
{
    int32_t number = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= number)
            break;
        heap[at] = heap[child];
    }
    heap[at] = number;
}

/* Heapsort: in place, where libc's qsort() may allocate. */
void diffmm__ascending_sort(size_t count, int32_t *numbers)
{
    for (size_t at = count / 2; at-- > 0;)
        sink(numbers, count, at);
    for (size_t left = count; left-- > 1;) {
        int32_t largest = numbers[0];
        numbers[0] = numbers[left];
        numbers[left] = largest;
        sink(numbers, left, 0);
    }
}

/* Insert each number among those before it. */
static void insert(size_t count, int32_t *numbers)
{
    for (size_t i = 1; i < count; i++) {
        int32_t number = numbers[i];
        size_t at = i;
        for (; at > 0 && numbers[at - 1] > number; at--)
            numbers[at] = numbers[at - 1];
        numbers[at] = number;
    }
}

/* Copy numbers in the order of the eight bits from `shift` on; where those are equal, in theirs. */
static void order_by_byte(size_t count, const int32_t *numbers, unsigned shift, int32_t *out)
{
    size_t places[256] = {0}, next = 0;
    for (size_t i = 0; i < count; i++)
        places[(uint32_t)numbers[i] >> shift & 255]++;
    for (size_t b = 0; b < 256; b++) {
        size_t equal = places[b];
        places[b] = next;
        next += equal;
    }
    for (size_t i = 0; i < count; i++)
        out[places[(uint32_t)numbers[i] >> shift & 255]++] = numbers[i];
}

/* A radix sort from the lowest byte up: four passes, of which each pair ends where it began. */
void diffmm__ascending_sort_in(size_t count, int32_t *numbers, int32_t *room)
{
    enum { short_list = 96 }; /* inserting is faster up to about here */
    if (ascends(count, numbers))
        return;
    if (count <= short_list) {
        insert(count, numbers);
        return;
    }
    for (unsigned shift = 0; shift < 32; shift += 16) {
        order_by_byte(count, numbers, shift, room);
        order_by_byte(count, room, shift + 8, numbers);
    }
}

diffmm_status diffmm__ascending_begin(const diffmm_context *context, size_t count,
                                      const int32_t *numbers, struct diffmm__ascending *out)
{
    out->count = count;
    out->numbers = numbers;
    out->owned = NULL;
    if (ascends(count, numbers))
        return DIFFMM_OK;
    int32_t *copy = out->few;
    if (count > DIFFMM__FEW) {
        copy = out->owned = diffmm__allocate(context, count, sizeof *copy);
        if (!copy)
            return DIFFMM_ERROR_NO_MEMORY;
    }
    memcpy(copy, numbers, count * sizeof *copy);
    diffmm__ascending_sort(count, copy);
    out->numbers = copy;
    return DIFFMM_OK;
}

void diffmm__ascending_end(const diffmm_context *context, struct diffmm__ascending *list)
{
    diffmm__release(context, list->owned);
}
