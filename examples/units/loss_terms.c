/* SPDX-License-Identifier: BSD-2-Clause */
/* Loss terms under test: InfoNCE, BPR, ELBO and MSI on arrays small enough to work out by hand,
 * value and gradients. Every loss of the library is a function of plain arrays, so that a user's
 * own tests can look like this. Exits with 1 if anything differs. */
#include <math.h>
#include <stdio.h>

#include <diffmm/diffmm.h>

static int mismatches;

static void expect(const char *what, double expected, double got)
{
    if (fabs(got - expected) <= 1e-5 * fmax(1, fabs(expected)))
        return;
    printf("%s: expected %.7f, got %.7f\n", what, expected, got);
    mismatches++;
}

static void expect_all(const char *what, size_t count, const double *expected, const float *got)
{
    for (size_t i = 0; i < count; i++)
        expect(what, expected[i], (double)got[i]);
}

static void check(diffmm_status status)
{
    if (status == DIFFMM_OK)
        return;
    printf("%s: %s\n", diffmm_status_name(status), diffmm_error_message());
    mismatches++;
}

/* Two views of four nodes in two dimensions; nodes 0 and 3 form the batch; tau = 1/2.
 *
 * Rows are normalised first. With s = 1/sqrt(2):
 *     p = (1,0) (0,1) (s,s) (-1,0)      q = (1,0) (s,s) (0,1) (0,-1)
 * Node 0: p_0 . q_v / tau = 2, 2s, 0, 0; the positive is the first.
 *     Z_0 = e^2 + e^1.4142136 + 1 + 1 = 13.5023065, loss -2 + ln Z_0 = 0.6028605
 * Node 3: p_3 . q_v / tau = -2, -2s, 0, 0; the positive is the last.
 *     Z_3 = e^-2 + e^-1.4142136 + 1 + 1 = 2.3784520, loss -0 + ln Z_3 = 0.8664499
 * Mean: 0.7346552.
 *
 * Gradients: with softmax a = (.547, .3046332, .0740614, .0740614) of node 0 and
 * c = (.057, .1022164, .4204415, .4204415) of node 3, and 1/(B tau) = 1, before normalisation
 *     dp_0 = sum a_v q_v - q_0     dp_3 = sum c_v q_v - q_3
 *     dq_v = (a_v - [v=0]) p_0 + (c_v - [v=3]) p_3
 * Normalisation keeps of each what is orthogonal to the row, over the row's length:
 *     dp_0 = (0, a_1 s) = (0, 0.2154082)        dp_3 = (0, c_1 s + 1) = (0, 1.0722779)
 *     dq_0 = (0, 0): it is parallel to q_0
 *     dq_1: (a_1 - c_1, 0) less its part along (s,s): (.1012084, -.1012084); length sqrt 2:
 *           (0.0715651, -0.0715651)
 *     dq_2 = (a_2 - c_2, 0) = (-0.3463801, 0)   dq_3 = (a_3 - c_3 + 1, 0) = (0.6536199, 0) */
static void check_infonce(void)
{
    const float p[] = {1, 0, 0, 1, 1, 1, -1, 0}, q[] = {1, 0, 1, 1, 0, 1, 0, -1};
    const int32_t batch[] = {0, 3};
    float dp[8], dq[8];
    double loss;
    check(diffmm_infonce(NULL, 4, 2, p, q, 2, batch, 0.5, &loss, dp, dq));
    expect("InfoNCE", 0.7346552, loss);
    expect_all("InfoNCE gradient of p", 8, (const double[]){0, 0.2154082, 0, 0, 0, 0, 0, 1.0722779},
               dp);
    expect_all("InfoNCE gradient of q", 8,
               (const double[]){0, 0, 0.0715651, -0.0715651, -0.3463801, 0, 0.6536199, 0}, dq);
}

/* One user u = (1,2), positive i = (0.5,0), negative j = (0,1); configured batch size 2.
 *     x = u.i - u.j = 0.5 - 2 = -1.5
 *     loss = -ln sigmoid(-1.5) / 2 = ln(1 + e^1.5) / 2 = 1.7014133 / 2 = 0.8507066
 *     dx = -(1 - sigmoid(-1.5)) / 2 = -0.8175745 / 2 = -0.4087872
 *     du = dx (i - j) = (-0.2043936, 0.4087872)
 *     di = dx u = (-0.4087872, -0.8175745), dj = -dx u */
static void check_bpr(void)
{
    const float user_matrix[] = {1, 2}, item_matrix[] = {0.5F, 0, 0, 1};
    const int32_t user = 0, positive = 0, negative = 1;
    float grad_user[2], grad_item[4];
    double loss;
    check(diffmm_bpr(1, 2, 2, user_matrix, item_matrix, 1, &user, &positive, &negative, 2, &loss,
                     grad_user, grad_item));
    expect("BPR", 0.8507066, loss);
    expect_all("BPR gradient of users", 2, (const double[]){-0.2043936, 0.4087872}, grad_user);
    expect_all("BPR gradient of items", 4,
               (const double[]){-0.4087872, -0.8175745, 0.4087872, 0.8175745}, grad_item);
}

/* A schedule of two steps with variances 0.2 and 0.5: abar = (0.8, 0.5), SNR = (4, 1), so the
 * weights are w_0 = 1 and w_1 = 4 - 1 = 3.
 *     user 0 at t = 1: x0 = (1,0), x_hat = (0.5,0.5): 3 * mean(0.25, 0.25) = 0.75
 *     user 1 at t = 0: x0 = (0,1), x_hat = (0,0):     1 * mean(0, 1)       = 0.5
 * Mean: 0.625. Gradient of the mean: w_t * 2 (x_hat - x0) / (2 items * 2 users):
 *     user 0: 3/2 (-0.5, 0.5) = (-0.75, 0.75)     user 1: 1/2 (0, -1) = (0, -0.5) */
static void check_elbo(void)
{
    const float x0[] = {1, 0, 0, 1}, x_hat[] = {0.5F, 0.5F, 0, 0};
    const int32_t t[] = {1, 0};
    float gradient[4];
    double per_user[2], loss;
    diffmm_schedule *schedule = NULL;
    check(diffmm_schedule_create(NULL, 2, 1, 0.2, 0.5, 0, &schedule));
    if (!schedule)
        return;
    check(diffmm_elbo(schedule, 2, 2, x0, x_hat, t, per_user, &loss, gradient));
    expect("ELBO of user 0", 0.75, per_user[0]);
    expect("ELBO of user 1", 0.5, per_user[1]);
    expect("ELBO", 0.625, loss);
    expect_all("ELBO gradient", 4, (const double[]){-0.75, 0.75, 0, -0.5}, gradient);
    diffmm_schedule_destroy(schedule);
}

/* Two items in two dimensions, features X = (1,0) (0,2), embeddings E = (1,1) (0,1); one user.
 *     x_hat X = (0.5, 0.25) X = (0.5, 0.5)      x0 E = (1,0) E = (1,1)
 *     loss = mean(0.25, 0.25) = 0.25
 *     dx_hat_i = 2/2 (x_hat X - x0 E) . X_i = (-0.5,-0.5) . X_i = -0.5 and -1 */
static void check_msi(void)
{
    const float x0[] = {1, 0}, x_hat[] = {0.5F, 0.25F};
    const float features[] = {1, 0, 0, 2}, embedding[] = {1, 1, 0, 1};
    float gradient[2];
    double loss;
    check(diffmm_msi(NULL, 1, 2, 2, x0, x_hat, features, embedding, NULL, &loss, gradient));
    expect("MSI", 0.25, loss);
    expect_all("MSI gradient", 2, (const double[]){-0.5, -1}, gradient);
}

int main(void)
{
    check_infonce();
    check_bpr();
    check_elbo();
    check_msi();
    if (mismatches == 0)
        printf("InfoNCE, BPR, ELBO and MSI: every value and gradient as worked out by hand\n");
    return mismatches != 0;
}
