/* SPDX-License-Identifier: BSD-2-Clause */
/* infonce_*: InfoNCE against drawn nodes, value and gradients (infonce.py). */
#include <diffmm/contrastive.h>

#include "cases.h"

void case_infonce(struct reference *reference)
{
    const struct array *p = reference_array(reference, "p"),
                       *batch = reference_array(reference, "batch"),
                       *negatives = reference_array(reference, "negatives");
    size_t nodes = p->shape[0], d = p->shape[1];
    double loss;
    float *grad_p = reference_room(reference, nodes * d),
          *grad_q = reference_room(reference, nodes * d);
    const diffmm_infonce_arguments arguments = {
        .struct_size = sizeof arguments,
        .nodes = nodes,
        .d = d,
        .p = as_floats(reference, p),
        .q = as_floats(reference, reference_array(reference, "q")),
        .batch_count = batch->count,
        .batch = as_integers(reference, batch),
        .tau = reference_number(reference, "tau"),
        .loss = &loss,
        .grad_p = grad_p,
        .grad_q = grad_q,
        .negative_count = negatives->count,
        .negatives = as_integers(reference, negatives)};
    must(diffmm_infonce_with(NULL, &arguments), "diffmm_infonce_with");
    expect_number(reference, "loss", loss);
    expect_floats(reference, reference_array(reference, "grad_p"), nodes, d, grad_p);
    expect_floats(reference, reference_array(reference, "grad_q"), nodes, d, grad_q);
}
