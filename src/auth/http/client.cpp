#include "auth/http/client.hpp"

#include "auth/ca_file.hpp"
#include "auth/http/answer.hpp"
#include "base/assert.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace tombo::auth {

namespace {

using Moment = std::chrono::steady_clock::time_point;

struct Request {
  std::string body;
  HttpClient::Done done;
  Moment until;
};

/// A request on its way.
struct Transfer {
  Request request;
  HttpResponse response;
  std::size_t header_bytes = 0;
  bool is_too_long = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t bytes, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  transfer.is_too_long = transfer.response.body.size() + bytes > kHttpAnswerBytesMax;
  if (transfer.is_too_long) return 0;  // ends the transfer
  transfer.response.body.append(data, bytes);
  return bytes;
}

std::size_t take_header(char*, std::size_t, std::size_t bytes, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  transfer.header_bytes += bytes;
  transfer.is_too_long = transfer.header_bytes > kHttpHeaderBytesMax;
  return transfer.is_too_long ? 0 : bytes;
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

void append(List& list, const std::string& header) {
  curl_slist* longer = curl_slist_append(list.get(), header.c_str());
  TOMBO_ASSERT(longer != nullptr);
  (void)list.release();
  list.reset(longer);
}

/// Once in a process, before the first handle.
void start_libcurl() {
  static const bool kStarted = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  TOMBO_ASSERT(kStarted);
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(Settings with) : settings(std::move(with)) {
    start_libcurl();
    multi = curl_multi_init();
    TOMBO_ASSERT(multi != nullptr);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(kHttpInFlightMax));
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(kHttpInFlightMax));
    append(headers, "Content-Type: application/json");
    append(headers, "Accept: application/json");
    append(headers, "Expect:");  // no asking first whether a body is welcome
    for (const std::string& header : settings.headers) append(headers, header);
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    stopping = true;
    curl_multi_wakeup(multi);
    thread.join();
    for (auto& [easy, transfer] : transfers) {
      curl_multi_remove_handle(multi, easy);
      curl_easy_cleanup(easy);
    }
    for (CURL* easy : idle) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }

  void run() {
    while (!stopping) {
      start_waiting();
      int running = 0;
      curl_multi_perform(multi, &running);
      finish_done();
      curl_multi_poll(multi, nullptr, 0, has_waiting() ? 20 : 1'000, nullptr);
    }
  }

  bool has_waiting() {
    const std::lock_guard lock(mutex);
    return !waiting.empty();
  }

  /// Starts as many as may be on their way, and gives up those whose time is over.
  void start_waiting() {
    for (;;) {
      Request request;
      const Moment now = std::chrono::steady_clock::now();
      {
        const std::lock_guard lock(mutex);
        if (waiting.empty()) return;
        const bool is_late = waiting.front().until <= now;
        if (!is_late && transfers.size() >= kHttpInFlightMax) return;
        request = std::move(waiting.front());
        waiting.pop_front();
      }
      if (request.until <= now) {
        finish(request, {"no answer in time", 0, {}});
      } else {
        start(std::move(request), now);
      }
    }
  }

  void start(Request request, Moment now) {
    CURL* easy = idle.empty() ? curl_easy_init() : idle.back();
    if (!idle.empty()) idle.pop_back();
    if (easy == nullptr) return finish(request, {"out of memory", 0, {}});
    auto transfer = std::make_unique<Transfer>();
    transfer->request = std::move(request);
    prepare(easy, *transfer, now);
    curl_multi_add_handle(multi, easy);
    transfers.emplace(easy, std::move(transfer));
  }

  void prepare(CURL* easy, Transfer& transfer, Moment now) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(transfer.request.until - now).count();
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, settings.url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // whatever the environment says
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!settings.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, settings.ca_file.c_str());
      curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left > 0 ? left : 1));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tombo");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer.request.body.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  }

  void finish_done() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      const CURLcode result = message->data.result;
      const auto at = transfers.find(easy);
      const std::unique_ptr<Transfer> transfer = std::move(at->second);
      transfers.erase(at);
      HttpResponse& response = transfer->response;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &response.status);
      if (result == CURLE_OPERATION_TIMEDOUT) {
        response.problem = "no answer in time";
      } else if (result != CURLE_OK) {
        response.problem = transfer->is_too_long ? "the answer is too long" : curl_easy_strerror(result);
      }
      curl_multi_remove_handle(multi, easy);
      idle.push_back(easy);  // no more than were on their way
      finish(transfer->request, std::move(response));
    }
  }

  void finish(Request& request, HttpResponse response) {
    const Done done = std::move(request.done);
    --pending;
    done(std::move(response));
  }

  const Settings settings;
  List headers;
  CURLM* multi = nullptr;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers;  // the thread's
  std::vector<CURL*> idle;                               // the thread's
  std::mutex mutex;
  std::deque<Request> waiting;            // under the mutex
  std::atomic<std::size_t> pending{0};    // waiting and on their way
  std::atomic<bool> stopping{false};
  std::thread thread;
};

HttpClient::HttpClient(Settings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
HttpClient::~HttpClient() = default;

bool HttpClient::post(std::string body, Done done) {
  if (impl_->pending.fetch_add(1) >= impl_->settings.waiting_max) {
    --impl_->pending;
    return false;
  }
  {
    const std::lock_guard lock(impl_->mutex);
    const Moment until = std::chrono::steady_clock::now() + impl_->settings.timeout;
    impl_->waiting.push_back({std::move(body), std::move(done), until});
  }
  curl_multi_wakeup(impl_->multi);
  return true;
}

std::vector<std::string> problems_of(const HttpClient::Settings& settings, const std::string& url_option) {
  start_libcurl();
  std::vector<std::string> problems;
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  char* text = nullptr;
  std::string scheme;
  if (curl_url_set(url.get(), CURLUPART_URL, settings.url.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
      curl_url_get(url.get(), CURLUPART_SCHEME, &text, 0) == CURLUE_OK) {
    scheme = text;
    curl_free(text);
  }
  if (scheme != "http" && scheme != "https") {
    problems.push_back(fmt::format("'{}' in [http] is \"{}\", which is no http:// or https:// URL", url_option, settings.url));
  }
  for (const std::string& header : settings.headers) {
    const bool is_one_line = header.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
    const std::size_t colon = header.find(':');
    if (is_one_line && colon != std::string::npos && colon != 0) continue;
    problems.push_back("'headers' in [http] holds an entry that is not \"Name: value\"");  // without it: it may be a secret
  }
  for (std::string& problem : problems_of_ca_file(settings.ca_file, "'ca_file' in [http]")) {
    problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace tombo::auth
