#include "filter/websocket/http_files.hpp"
#include "websocket_kit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

namespace {

using namespace tombo;
using namespace tombo::test;
using filter::HttpFiles;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpDirectory : public testing::Test {
 protected:
  HttpDirectory() {
    std::string name = testing::TempDir() + "/tombo_http_XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root = name;
    std::filesystem::create_directory(path("www"));
    options.protocol = config::Protocol::websocket;
    options.http_directory = path("www");
    write("www/index.html", "<p>hello");
    write("secret", "not for you");
  }
  ~HttpDirectory() override {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }
  std::string path(const std::string& name) const { return root + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream{path(name), std::ios::binary} << text;
  }
  std::string problem() const {
    const auto loaded = HttpFiles::load(options.http_directory);
    return loaded ? "" : loaded.error();
  }
  /// The whole answer, the file in its pieces.
  std::string answer_to(std::string_view request) {
    Side side(options);
    EXPECT_FALSE(side.feed(octets(request)));
    EXPECT_FALSE(side.filter->why().empty());
    while (side.filter->left() != 0) {
      const std::size_t before = side.outward.size();
      EXPECT_TRUE(side.filter->last_words(side.outward));
      EXPECT_GT(side.outward.size(), before);
      EXPECT_LE(side.outward.size() - before, 64U * 1024);
    }
    return text_of(side.outward);
  }
  std::string get(const std::string& target, const std::string& method = "GET") {
    return answer_to(method + " " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }

  std::string root;
  config::Listener options;
};

TEST_F(HttpDirectory, GivesAFileWithItsTypeAndLength) {
  EXPECT_EQ(get("/index.html"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 8\r\n"
            "X-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n<p>hello");
  EXPECT_THAT(get("/"), EndsWith("<p>hello"));
  EXPECT_THAT(get("/?query#fragment"), EndsWith("<p>hello"));
  EXPECT_THAT(get("http://h/index.html"), EndsWith("<p>hello"));
}

TEST_F(HttpDirectory, GivesWhatIsBelowIt) {
  write("www/js/app.js", "code");
  write("www/js/index.html", "<p>below");
  write("www/a b+c", "odd name");
  EXPECT_THAT(get("/js/app.js"), HasSubstr("Content-Type: text/javascript; charset=utf-8\r\n"));
  EXPECT_THAT(get("/js/"), EndsWith("<p>below"));
  EXPECT_THAT(get("/js"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/a%20b+c"), EndsWith("odd name"));
  EXPECT_THAT(get("/a%20b%2Bc"), HasSubstr("Content-Type: application/octet-stream\r\n"));
}

TEST_F(HttpDirectory, GivesALargeFileInPieces) {
  std::string large(filter::HttpFiles::kFileBytesMax, 'x');
  large.back() = 'y';
  write("www/large", large);
  const std::string answer = get("/large");
  EXPECT_THAT(answer.substr(0, 200), HasSubstr("Content-Length: 4194304\r\n"));
  EXPECT_TRUE(answer.ends_with(large));
}

TEST_F(HttpDirectory, AnswersHeadWithoutTheBody) {
  EXPECT_THAT(get("/index.html", "HEAD"), HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(get("/index.html", "HEAD"), EndsWith("\r\n\r\n"));
  EXPECT_THAT(get("/nothing", "HEAD"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/nothing", "HEAD"), EndsWith("\r\n\r\n"));
}

TEST_F(HttpDirectory, LeadsNowhereElse) {
  std::filesystem::create_symlink(path("secret"), path("www/link"));
  std::filesystem::create_directory_symlink(root, path("www/up"));
  write("www/.hidden", "not for you");
  write("www/.git/config", "not for you");
  ASSERT_EQ(::mkfifo(path("www/pipe").c_str(), 0600), 0);
  for (const char* target : {"/../secret", "/%2e%2e/secret", "/..%2fsecret", "/%2E%2E%2Fsecret", "/js/../../secret", "/./../secret",
                             "//secret", "/link", "/up/secret", "/.hidden", "/%2ehidden", "/.git/config", "/pipe", "/index.html/",
                             "/index.html%00", "/%", "/%zz", "/%2", "/..", "/.", "/\\..\\secret"}) {
    const std::string answer = get(target);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 40")) << target;
    EXPECT_THAT(answer, Not(HasSubstr("not for you"))) << target;
  }
  EXPECT_THAT(answer_to("GET " + path("secret").substr(1) + " HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpDirectory, TakesNoOtherMethod) {
  EXPECT_THAT(get("/index.html", "POST"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(get("/index.html", "DELETE"), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST_F(HttpDirectory, StandsBesideTheBroker) {
  options.websocket_path = "/mqtt";
  Side side(options);
  EXPECT_TRUE(side.feed(octets(kHandshake)));
  EXPECT_THAT(text_of(side.outward), StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(side.filter->left(), 0U);
  EXPECT_THAT(get("/mqtt"), StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(get("/nothing"), StartsWith("HTTP/1.1 404 "));
  options.http_directory = "";
  EXPECT_THAT(get("/index.html"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpDirectory, WithinItsLimitsOrNotAtAll) {
  write("www/large", std::string(HttpFiles::kFileBytesMax + 1, 'x'));
  EXPECT_THAT(problem(), HasSubstr("www/large: files of http_directory have at most 4194304 bytes"));
  EXPECT_EQ(filter::make_websocket(options, std::make_shared<auth::Peer>()), nullptr);
  std::filesystem::remove(path("www/large"));
  EXPECT_EQ(problem(), "");
  for (int i = 0; i < 5; ++i) write("www/" + std::to_string(i), std::string(HttpFiles::kFileBytesMax, 'x'));
  EXPECT_THAT(problem(), HasSubstr("with it http_directory holds more than 16777216 bytes"));
  for (int i = 0; i < 5; ++i) std::filesystem::remove(path("www/" + std::to_string(i)));
  for (std::size_t i = 0; i < HttpFiles::kEntriesMax; ++i) write("www/n" + std::to_string(i), "");
  EXPECT_THAT(problem(), HasSubstr("1000 files and directories"));
}

TEST_F(HttpDirectory, IsNoDeeperThanItsLimit) {
  std::string deep = "www";
  for (std::size_t i = 1; i < HttpFiles::kDepthMax; ++i) deep += "/d";
  write(deep + "/f", "x");
  EXPECT_EQ(problem(), "");
  write(deep + "/d/f", "x");
  EXPECT_THAT(problem(), HasSubstr("8 directories deep"));
}

TEST_F(HttpDirectory, ThatIsNotThereIsAProblem) {
  options.http_directory = path("nothing");
  EXPECT_THAT(problem(), HasSubstr("nothing: cannot be read: No such file"));
}

}  // namespace
