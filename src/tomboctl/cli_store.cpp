#include "tomboctl/cli_store.hpp"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace tombo::tomboctl {

using What = StoreWish::What;

namespace {

/// Something done with a store that `wish` describes.
CLI::App* command(CLI::App* parent, const char* name, const char* text, StoreWish& wish, What what) {
  auto* sub = parent->add_subcommand(name, text);
  sub->callback([&wish, what] { wish.what = what; });
  return sub;
}

void paging(CLI::App* sub, StoreWish& wish) {
  sub->add_option_function<std::uint32_t>("--limit", [&wish](std::uint32_t limit) {
       wish.limit = limit;
       wish.limit_given = true;
     }, "At most N rows; 0: all. Default: 1000, all with --json")->type_name("N");
  sub->add_option("--after", wish.after, "Go on behind this number, as a listing that was cut said")->type_name("NUMBER");
}

void describe_reading(CLI::App* store, StoreWish& wish) {
  const auto directory = [&wish](CLI::App* sub) {
    sub->add_option("dir", wish.directory, "Directory of the store, as in [persistence]")->type_name("DIR")->required();
  };
  auto* ls = command(store, "ls", "What it holds", wish, What::ls);
  directory(ls);
  auto* sessions = ls->add_flag_callback("--sessions", [&wish] { wish.rows = StoreWish::Rows::sessions; }, "List the sessions");
  ls->add_flag_callback("--retained", [&wish] { wish.rows = StoreWish::Rows::retained; }, "List the retained messages")->excludes(sessions);
  paging(ls, wish);
  auto* show = command(store, "show", "A session with its subscriptions and messages, or a retained message", wish, What::show);
  directory(show);
  auto* session = show->add_option("session", wish.client_id, "Client id of the session")->type_name("SESSION");
  show->add_option("--retained", wish.topic, "The retained message of this topic")->type_name("TOPIC")->excludes(session);
  paging(show, wish);
  directory(command(store, "check", "Read all of it and tell what is lost or left over", wish, What::check));
  auto* out = command(store, "export", "Write all of it as lines of JSON", wish, What::export_to);
  directory(out);
  out->add_option("file", wish.other, "File to write; -: stdout")->type_name("FILE")->required();
}

void describe_writing(CLI::App* store, Invocation& invocation) {
  StoreWish& wish = invocation.store;
  auto* in = command(store, "import", "Read an export or a mosquitto.db into a store", wish, What::import_from);
  in->add_option("dir", wish.directory, "Directory of the store; made if it is not there")->type_name("DIR")->required();
  in->add_option("file", wish.other, "File to read")->type_name("FILE")->required();
  const std::map<std::string, StoreWish::Form> forms{{"tombo", StoreWish::Form::tombo}, {"mosquitto", StoreWish::Form::mosquitto}};
  in->add_option("--from", wish.form, "Insist on 'tombo' or 'mosquitto'; otherwise the content decides")
      ->transform(CLI::Transformer(forms, CLI::ignore_case))->type_name("FORM");
  in->add_flag("--merge", wish.merge, "Into a store that holds something; what it has already stays as it is");
  auto* compact = store->add_subcommand("compact", "Give space of erased rows back");
  compact->add_option("dir", wish.directory, "Directory of a store that no broker uses; without: the running broker's")->type_name("DIR");
  compact->callback([&invocation] {
    if (!invocation.store.directory.empty()) {
      invocation.store.what = What::compact;
    } else {
      invocation.command = "store.compact";
    }
  });
  auto* backup = command(store, "backup", "Copy a store that no broker uses", wish, What::backup);
  backup->add_option("dir", wish.directory, "Directory of the store")->type_name("DIR")->required();
  backup->add_option("to", wish.other, "Directory of the copy, empty or not there")->type_name("BACKUP")->required();
}

}  // namespace

void describe_store(CLI::App& app, Invocation& invocation) {
  auto* store = app.add_subcommand("store", "A store on disk: look at it, check, export, import");
  store->require_subcommand(1);
  describe_reading(store, invocation.store);
  describe_writing(store, invocation);
  auto* backup = app.add_subcommand("backup", "Copy the running broker's store");
  backup->add_option_function<std::string>("to", [&invocation](const std::string& to) {
    // The broker has another working directory.
    std::error_code error;
    const auto absolute = std::filesystem::absolute(to, error);
    invocation.arguments["directory"] = error ? to : absolute.string();
  }, "Directory of the copy, empty or not there; the broker writes it")->type_name("BACKUP")->required();
  backup->callback([&invocation] { invocation.command = "store.backup"; });
  auto* restore = command(&app, "restore", "Make a store of a backup", invocation.store, What::restore);
  restore->add_option("from", invocation.store.other, "Directory of the backup")->type_name("BACKUP")->required();
  restore->add_option("dir", invocation.store.directory, "Directory of the store, empty or not there")->type_name("DIR")->required();
  restore->add_flag("--force", invocation.store.force, "Even if the backup has losses");
}

}  // namespace tombo::tomboctl
