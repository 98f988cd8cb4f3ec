#include "tests/validate/sample.h"

#include <glib/gstdio.h>
#include <math.h>

#define MS ((gint64)1000000)

static GPtrArray *
sample_of(guint campaigns)
{
  GPtrArray *sample = g_ptr_array_new_with_free_func((GDestroyNotify)campaign_free);

  for (guint c = 0; c < campaigns; c++)
    g_ptr_array_add(sample, campaign_new());
  return sample;
}

static double
area_of(GPtrArray *first, GPtrArray *second)
{
  g_autoptr(Scale) scale = scale_new(first, second);
  g_autoptr(Tally) f = tally_new(scale), g = tally_new(scale);

  tally_add_all(f, first);
  tally_add_all(g, second);
  g_assert_cmpfloat(tally_area(f, g), ==, tally_area(g, f));
  return tally_area(f, g);
}

static void
test_figures(void)
{
  g_autoptr(GPtrArray) sample = sample_of(1);
  g_autoptr(Scale) scale = NULL;
  g_autoptr(Tally) tally = NULL;

  campaign_add(sample->pdata[0], 150 * MS, 1, 6);
  campaign_add(sample->pdata[0], 450 * MS, 2, 3);
  campaign_add(sample->pdata[0], 1050 * MS, 1, 1);
  campaign_add(sample->pdata[0], -1, 0, 10);
  scale = scale_new(sample, sample);
  tally = tally_new(scale);
  tally_add_all(tally, sample);
  g_assert_cmpfloat(tally_delivered(tally), ==, 0.5);
  g_assert_cmpfloat(tally_duplicated(tally), ==, 0.15);
  g_assert_cmpfloat_with_epsilon(tally_mean(tally), 330, 1e-9);
  g_assert_cmpfloat(tally_quantile(tally, 0.6), ==, 150);
  g_assert_cmpfloat(tally_quantile(tally, 0.61), ==, 450);
  g_assert_cmpfloat(tally_quantile(tally, 0.9), ==, 450);
  g_assert_cmpfloat(tally_quantile(tally, 1), ==, 1050);
}

/* Where nothing is lost, the area between distributions of which one is never ahead of the other is
 * the difference of the means, whatever the sizes. */
static void
test_area_is_difference_of_means(void)
{
  g_autoptr(GPtrArray) first = sample_of(1), second = sample_of(2);

  campaign_add(first->pdata[0], 150 * MS, 1, 90);
  campaign_add(first->pdata[0], 350 * MS, 1, 10);
  campaign_add(second->pdata[0], 160 * MS, 1, 6);
  campaign_add(second->pdata[1], 160 * MS, 1, 2);
  campaign_add(second->pdata[1], 400 * MS, 1, 2);
  g_assert_cmpfloat_with_epsilon(area_of(first, second), 208 - 170, 1e-9);
  g_assert_cmpfloat(area_of(first, first), ==, 0);
}

/* As much early as late: the means agree, the distributions do not. */
static void
test_area_sees_more_than_means(void)
{
  g_autoptr(GPtrArray) first = sample_of(1), second = sample_of(1);

  campaign_add(first->pdata[0], 200 * MS, 1, 100);
  campaign_add(second->pdata[0], 100 * MS, 1, 50);
  campaign_add(second->pdata[0], 300 * MS, 1, 50);
  g_assert_cmpfloat_with_epsilon(area_of(first, second), 100, 1e-9);
}

/* A fifth of the one never arrives: a distance of a fifth from the first latency to the last. */
static void
test_area_counts_losses(void)
{
  g_autoptr(GPtrArray) first = sample_of(1), second = sample_of(1);

  campaign_add(first->pdata[0], 100 * MS, 1, 100);
  campaign_add(second->pdata[0], 100 * MS, 1, 70);
  campaign_add(second->pdata[0], 1100 * MS, 1, 10);
  campaign_add(second->pdata[0], -1, 0, 20);
  g_assert_cmpfloat_with_epsilon(area_of(first, second), 0.3 * 1000, 1e-9);
}

/* Every other campaign is 100 ms late, every fourth is doubled. By the binomial distribution
 * (nearly: no campaign is drawn twice into a set) all of four are late in one set of 16, so that
 * the area of a whole half is within 99 %; all of four are doubled in 0.4 % of the sets, beyond the
 * upper end of 99 %, and none in 32 %. */
static void
test_spread(void)
{
  g_autoptr(GPtrArray) sample = sample_of(400);
  g_autoptr(Scale) scale = NULL;
  Spread one, four, all;

  for (guint c = 0; c < sample->len; c++)
    campaign_add(sample->pdata[c], c % 2 ? 100 * MS : 200 * MS, c % 4 == 0 ? 2 : 1, 10);
  scale = scale_new(sample, sample);
  one = sample_spread(sample, scale, 1);
  four = sample_spread(sample, scale, 4);
  all = sample_spread(sample, scale, 400);
  g_assert_cmpfloat_with_epsilon(one.area_p99, 50, 1e-9);
  g_assert_cmpfloat_with_epsilon(four.area_p99, 50, 1e-9);
  g_assert_cmpfloat_with_epsilon(all.area_p99, 0, 1e-9);
  g_assert_cmpfloat(four.delivered_low, ==, 1);
  g_assert_cmpfloat(four.delivered_high, ==, 1);
  g_assert_cmpfloat(four.duplicated_low, ==, 0);
  g_assert_cmpfloat(four.duplicated_high, ==, 0.75);
  g_assert_cmpfloat(all.duplicated_low, ==, 0.25);
  g_assert_cmpfloat(all.duplicated_high, ==, 0.25);
}

static GPtrArray *
read_text(const char *text, char **experiment, char **condition, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("sample-XXXXXX.csv", &path, NULL);
  GPtrArray *sample;

  g_assert_cmpint(fd, >=, 0);
  g_assert_true(g_close(fd, NULL));
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  sample = sample_read(path, experiment, condition, error);
  g_unlink(path);
  return sample;
}

static void
test_read(void)
{
  g_autofree char *experiment = NULL, *condition = NULL, *name = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) sample =
      read_text("# thin.ini: reading.qos = 1\ncampaign,latency_ms,copies,messages\n"
                "0,150.3,1,7\n0,,0,2\n1,451.0,2,3\n",
                &experiment, &condition, &error);
  const Campaign *campaign;

  g_assert_no_error(error);
  name = g_path_get_basename(experiment);
  g_assert_cmpstr(name, ==, "thin.ini");
  g_assert_cmpstr(condition, ==, "reading.qos = 1");
  g_assert_cmpuint(sample->len, ==, 2);
  campaign = sample->pdata[0];
  g_assert_cmpuint(campaign->published, ==, 9);
  g_assert_cmpuint(campaign->ticks->len, ==, 7);
  g_assert_cmpuint(g_array_index(campaign->ticks, guint32, 6), ==, 1503);
  campaign = sample->pdata[1];
  g_assert_cmpuint(campaign->duplicated, ==, 3);
}

static void
test_read_refuses(void)
{
  const char *const bad[] = {
      "",
      "0,1.0,1,1\n",
      "# thin.ini\ncampaign\n",
      "# thin.ini: x",
      "# thin.ini: x\nhead\n",
      "# thin.ini: x\nhead\n0,1.0,1\n",
      "# thin.ini: x\nhead\n1,1.0,1,1\n",
      "# thin.ini: x\nhead\n0,,1,1\n",
      "# thin.ini: x\nhead\n0,1.0,0,1\n",
      "# thin.ini: x\nhead\n0,-1.0,1,1\n",
      "# thin.ini: x\nhead\n0,nan,1,1\n",
      "# thin.ini: x\nhead\n0,1.0,1,0\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *experiment = NULL, *condition = NULL;
    g_autoptr(GError) error = NULL;
    GPtrArray *sample = read_text(bad[i], &experiment, &condition, &error);

    g_test_message("%s", bad[i]);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    g_assert_null(sample);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sample/figures", test_figures);
  g_test_add_func("/sample/area/difference-of-means", test_area_is_difference_of_means);
  g_test_add_func("/sample/area/more-than-means", test_area_sees_more_than_means);
  g_test_add_func("/sample/area/losses", test_area_counts_losses);
  g_test_add_func("/sample/spread", test_spread);
  g_test_add_func("/sample/read", test_read);
  g_test_add_func("/sample/read-refuses", test_read_refuses);
  return g_test_run();
}
