#include "bench/report/output.hpp"

#include "bench/report/live_line.hpp"
#include "bench/report/svg_chart.hpp"
#include "bench/report/units.hpp"
#include "unit_bench/sample_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tombo::bench {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Units, ReadWell) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1'000), "1,000");
  EXPECT_EQ(with_commas(12'345'678), "12,345,678");
  EXPECT_EQ(duration_text(950), "950 ns");
  EXPECT_EQ(duration_text(77'100), "77.1 µs");
  EXPECT_EQ(duration_text(1'210'000), "1.21 ms");
  EXPECT_EQ(duration_text(3.2e9), "3.20 s");
  EXPECT_EQ(bytes_text(640), "640 B");
  EXPECT_EQ(bytes_text(12.3 * 1048576), "12.3 MiB");
  EXPECT_EQ(rate_text(5'745'551.2), "5,745,551/s");
  EXPECT_EQ(rate_text(12.5), "12.5/s");
  EXPECT_EQ(right_in("1 µs", 6), "  1 µs");
}

TEST(TextReport, SaysEverythingAPersonAsksFor) {
  const std::string text = text_report(sample_report());
  for (const char* part :
       {"pairs: 10 publishers", "measured 10.00 s", "sent", "acknowledged", "received", "p50", "p99.99",
        "promise BROKEN: 1 lost, 2 duplicated, 3 reordered, 4 corrupted", "20 made, 1 failed",
        "broker: CPU 9.50 s, 0.95 cores", "memory 4.8 MiB before", "problem: 1 message", "stored per second"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(TextReport, OfNothingIsShort) {
  const std::string text = text_report(Report{});
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
  EXPECT_THAT(text, Not(HasSubstr("promise")));
}

TEST(JsonReport, ComesBackAsItWas) {
  const Report written = sample_report();
  const std::string text = json_report(written);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto read = report_from_json(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(json_report(*read), text);
  EXPECT_EQ(read->latency.count(), written.latency.count());
  EXPECT_EQ(read->seconds.size(), 12U);
  EXPECT_EQ(read->broker->cpu_s, 9.5);
  Report without = written;
  without.broker.reset();
  EXPECT_FALSE(report_from_json(json_report(without))->broker);
}

TEST(JsonReport, ReadsNoHostileText) {
  for (const char* text : {"", "{", "[]", "null", "{}", "{\"name\": 5}"}) EXPECT_FALSE(report_from_json(text)) << text;
  const json whole = json::parse(json_report(sample_report()));
  for (const auto& [key, value] : whole.items()) {
    json broken = whole;
    broken.erase(key);
    EXPECT_FALSE(report_from_json(broken.dump())) << "without " << key;
    broken[key] = value.is_string() ? json(1) : json("text");
    EXPECT_FALSE(report_from_json(broken.dump())) << key << " of another type";
  }
  json broken = whole;
  broken["latency"]["delivery"]["histogram"] = "h1 1 2 3";
  EXPECT_FALSE(report_from_json(broken.dump()));
}

TEST(JsonReport, HoldsPercentilesAndSeconds) {
  const std::vector<Report> reports{sample_report("a"), sample_report("b")};
  const json all = json::parse(json_reports(reports));
  EXPECT_EQ(all.at("tool"), "tombo-bench");
  ASSERT_EQ(all.at("runs").size(), 2U);
  const json& run = all.at("runs")[1];
  EXPECT_EQ(run.at("name"), "b");
  EXPECT_LE(run.at("latency").at("delivery").at("p50_ns"), run.at("latency").at("delivery").at("p99.99_ns"));
  std::uint64_t sum = 0;
  for (const json& second : run.at("seconds")) {
    if (second.at("measured") == true) sum += second.at("sent").get<std::uint64_t>();
  }
  EXPECT_EQ(sum, run.at("totals").at("sent").get<std::uint64_t>());
}

TEST(MqttBenchmarkReport, HasItsSchema) {
  const json all = json::parse(mqtt_benchmark_report(sample_report()));
  ASSERT_EQ(all.at("runs").size(), 2U) << "publishers only";
  for (const char* key : {"id", "successes", "failures", "run_time", "msg_time_min", "msg_time_max", "msg_time_mean",
                          "msg_time_std", "msgs_per_sec"}) {
    EXPECT_TRUE(all["runs"][0].at(key).is_number()) << key;
  }
  const json& totals = all.at("totals");
  EXPECT_EQ(totals.size(), 11U);
  EXPECT_EQ(totals.at("successes"), 100);
  EXPECT_EQ(totals.at("failures"), 10);
  EXPECT_NEAR(totals.at("ratio").get<double>(), 100.0 / 110, 1e-9);
  EXPECT_EQ(totals.at("total_run_time"), 10.0);
  EXPECT_EQ(totals.at("avg_run_time"), 2.5);
  EXPECT_EQ(totals.at("msg_time_min"), 0.1);
  EXPECT_EQ(totals.at("msg_time_max"), 5);
  EXPECT_EQ(totals.at("msg_time_mean_avg"), 1.5);
  EXPECT_NEAR(totals.at("msg_time_mean_std").get<double>(), std::sqrt(0.5), 1e-9);
  EXPECT_NEAR(totals.at("total_msgs_per_sec").get<double>(), 50.0 / 2 + 50.0 / 3, 1e-9);
  EXPECT_NEAR(totals.at("avg_msgs_per_sec").get<double>(), (50.0 / 2 + 50.0 / 3) / 2, 1e-9);
}

TEST(CsvSeries, HasARowPerSecondWithAsManyFieldsAsTheHead) {
  const std::vector<Report> reports{sample_report("a,\"b\"")};
  std::istringstream text(csv_series(reports));
  std::string head, line;
  std::getline(text, head);
  const auto fields = std::count(head.begin(), head.end(), ',');
  int rows = 0;
  std::uint64_t sent = 0;
  while (std::getline(text, line)) {
    ++rows;
    ASSERT_TRUE(line.starts_with("\"a,\"\"b\"\"\","));
    line.replace(0, 11, "x,");
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), fields);
    std::vector<std::string> cells;
    std::istringstream cell_text(line);
    for (std::string cell; std::getline(cell_text, cell, ',');) cells.push_back(cell);
    if (cells.at(3) == "1") sent += std::stoull(cells.at(4));
  }
  EXPECT_EQ(rows, 12);
  EXPECT_EQ(sent, reports[0].sent);
}

TEST(HtmlReport, StandsAloneAndEscapesWhatItShows) {
  const std::vector<Report> reports{sample_report("one</script><b>"), sample_report("two")};
  const std::string html = html_reports(reports);
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(html, HasSubstr("one&lt;/script&gt;&lt;b&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("one</script>")));
  EXPECT_THAT(html, HasSubstr("&lt;closed&gt;"));
  for (const char* fetched : {"http://", "https://", "src=", "@import", "url("})
    EXPECT_THAT(html, Not(HasSubstr(fetched)));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  // Each of four charts twice, and the points of each are JSON.
  std::size_t charts = 0;
  for (auto at = html.find("<script type=\"application/json\">"); at != std::string::npos;
       at = html.find("<script type=\"application/json\">", at + 1)) {
    const auto begin = html.find('>', at) + 1;
    const json points = json::parse(html.substr(begin, html.find("</script>", begin) - begin));
    EXPECT_FALSE(points.at("at").empty());
    EXPECT_EQ(points["at"][0].size(), points.at("names").size() + 2);
    ++charts;
  }
  EXPECT_EQ(charts, 8U);
  if (const char* keep = std::getenv("TOMBO_BENCH_HTML")) std::ofstream(keep) << html;
}

TEST(HtmlReport, OfAnEmptyRunHoldsNoNonsense) {
  const std::vector<Report> reports{Report{}};
  const std::string html = html_reports(reports);
  EXPECT_THAT(html, Not(HasSubstr("<figure>")));
  EXPECT_THAT(html, Not(HasSubstr("inf")));
}

TEST(LiveLine, HasALineOfItsOwnWithoutATerminal) {
  const Report report = sample_report();
  for (const bool terminal : {false, true}) {
    std::FILE* file = std::tmpfile();
    LiveLine live(file, terminal);
    live.show(report.seconds[3], report);
    live.show(report.seconds[4], report);
    live.end();
    live.end();
    std::rewind(file);
    std::string text(2000, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), terminal ? 1 : 2);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), terminal ? 2 : 0);
    EXPECT_THAT(text, HasSubstr("p99"));
  }
  EXPECT_THAT(LiveLine::line_of(report.seconds[0], report), HasSubstr("(not measured)"));
}

TEST(Outputs, WriteEveryFileAndSayWhichCannotBeWritten) {
  char pattern[] = "/tmp/tombo-bench-test-XXXXXX";
  const std::string folder = mkdtemp(pattern);
  const Report report = sample_report();
  const OutputOptions options{
      .json_file = folder + "/a.json", .csv_file = folder + "/a.csv", .html_file = folder + "/a.html", .quiet = true};
  EXPECT_TRUE(write_outputs(report, options).empty());
  EXPECT_EQ(json::parse(contents(options.json_file)).at("runs").size(), 1U);
  EXPECT_THAT(contents(options.csv_file), HasSubstr("run,at_s"));
  EXPECT_THAT(contents(options.html_file), HasSubstr("</html>"));
  const auto errors = write_outputs(
      report, {.json_file = folder + "/no/a.json", .csv_file = "/dev/full", .html_file = "", .quiet = true});
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_THAT(errors[0], HasSubstr("/no/a.json: No such file or directory"));
  EXPECT_THAT(errors[1], HasSubstr("/dev/full: No space left"));
  std::filesystem::remove_all(folder);
  EXPECT_EQ(format_of("mqtt-benchmark"), Format::mqtt_benchmark);
  EXPECT_FALSE(format_of("xml"));
}

}  // namespace
}  // namespace tombo::bench
