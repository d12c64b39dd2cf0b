#include "cli/context.h"

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <ostream>
#include <unistd.h>

#include "client/decode.h"
#include "model/codec.h"

namespace baton::cli {
namespace {

/// Whether a process holds the lock on `file`, without touching it.
bool is_locked(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return false;
    struct flock query{};
    query.l_type = F_WRLCK;
    query.l_whence = SEEK_SET;
    const bool locked = ::fcntl(fd, F_OFD_GETLK, &query) == 0 && query.l_type != F_UNLCK;
    ::close(fd);
    return locked;
}

}  // namespace

std::string local_admin_key(const std::filesystem::path& data_dir) {
    std::string key;
    std::ifstream(data_dir / "admin.key") >> key;
    return key;
}

std::optional<LocalDaemon> find_local_daemon(const std::filesystem::path& data_dir) {
    const auto file = data_dir / "batond.lock";
    if (!is_locked(file)) return std::nullopt;
    std::ifstream in(file);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    LocalDaemon daemon;
    const auto value = parse_json(text);
    if (!value || !value->is_object()) return daemon;  // it is just starting
    const client::FieldReader fields(value->get_object());
    daemon.pid = static_cast<int>(fields.integer("pid"));
    daemon.url = fields.text("url");
    daemon.metrics = fields.text("metrics");
    return daemon;
}

Context::Context(Terminal& terminal_in, GlobalOptions options_in, const Environment& environment_in)
    : terminal(terminal_in), options(std::move(options_in)), environment(environment_in) {}

Context::~Context() = default;

client::ConnectionConfig Context::connection_config() const {
    client::ConnectionConfig config;
    const auto variable = [&](std::string_view name) {
        return environment.variable(name).value_or("");
    };
    std::string url = options.url.empty() ? variable("BATON_URL") : options.url;
    if (url.empty()) {
        const auto local = find_local_daemon(options.data_dir);
        if (local) url = local->url;
    }
    if (!url.empty()) config.url = url.contains("://") ? url : "http://" + url;
    std::string key = options.key.empty() ? variable("BATON_KEY") : options.key;
    if (key.empty()) key = local_admin_key(options.data_dir);
    config.key = Secret(std::move(key));
    return config;
}

client::Connection& Context::connection() {
    if (!connection_) {
        http_ = environment.make_http_client();
        pool_ = std::make_unique<IoPool>(1);
        connection_ = std::make_unique<client::Connection>(*http_, connection_config());
    }
    return *connection_;
}

void Context::note(std::string_view text) {
    if (options.json) return;
    terminal.err << styled(err_colours(), Style::dim, text) << '\n';
}

}  // namespace baton::cli
