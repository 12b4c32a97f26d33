/* SPDX-License-Identifier: BSD-2-Clause */
/** @file diffmm.h
 *  libdiffmm: multi-modal diffusion recommendation. Everything at once; each part's header also
 *  stands alone. */
#ifndef DIFFMM_DIFFMM_H
#define DIFFMM_DIFFMM_H

#include <diffmm/arrow.h>
#include <diffmm/context.h>
#include <diffmm/contrastive.h>
#include <diffmm/dataset.h>
#include <diffmm/diffusion.h>
#include <diffmm/diffusion_module.h>
#include <diffmm/file.h>
#include <diffmm/graph.h>
#include <diffmm/measures.h>
#include <diffmm/metrics.h>
#include <diffmm/model.h>
#include <diffmm/new_items.h>
#include <diffmm/optim.h>
#include <diffmm/options.h>
#include <diffmm/peers.h>
#include <diffmm/recommend.h>
#include <diffmm/rerank.h>
#include <diffmm/status.h>
#include <diffmm/trainer.h>
#include <diffmm/version.h>

#endif
