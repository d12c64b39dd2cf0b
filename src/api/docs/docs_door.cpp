#include "api/docs/docs_door.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "api/docs/embedded.h"
#include "api/docs/yaml_json.h"
#include "base/crc32c.h"
#include "model/codec.h"

namespace baton::api::docs {
namespace {

using net::Method;

constexpr std::string_view page_name = "index.html";
constexpr std::string_view document_name = "openapi.yaml";
// Scripts, styles and the document come from here, and nothing comes from anywhere else.
constexpr std::string_view content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

struct File {
    std::string name;
    std::string type;
    std::string body;
    std::string etag;
};

std::string_view type_of(std::string_view name) noexcept {
    if (name.ends_with(".html")) return "text/html; charset=utf-8";
    if (name.ends_with(".css")) return "text/css; charset=utf-8";
    if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
    if (name.ends_with(".yaml")) return "application/yaml";
    return "application/json";
}

File file_of(std::string name, std::string body) {
    const std::string etag = fmt::format("\"{:x}-{:08x}\"", body.size(), crc32c(0, body));
    const std::string type(type_of(name));
    return {.name = std::move(name), .type = type, .body = std::move(body), .etag = etag};
}

using Files = std::vector<File>;

/// Made once, when the door is: the document in JSON costs some milliseconds.
Files all_files() {
    Files files;
    for (const auto& embedded : embedded_files()) {
        files.push_back(file_of(std::string(embedded.name), std::string(embedded.text)));
        if (embedded.name != document_name) continue;
        auto json = json_of_yaml(embedded.text);
        // The document is a part of the program, and a test reads it.
        files.push_back(file_of("openapi.json", json ? *std::move(json) : std::string("{}")));
    }
    return files;
}

Result<net::Response> serve(const Files& files, std::string_view name, const Call& call) {
    for (const File& file : files) {
        if (file.name != name) continue;
        net::Response response;
        response.content_type = file.type;
        response.fields.set("Cache-Control", "no-cache");
        response.fields.set("ETag", file.etag);
        response.fields.set("Content-Security-Policy", std::string(content_policy));
        response.fields.set("X-Content-Type-Options", "nosniff");
        response.fields.set("Referrer-Policy", "no-referrer");
        if (call.request.fields.get("If-None-Match") == file.etag) {
            response.status = 304;
        } else {
            response.body = file.body;
        }
        return response;
    }
    return fail(Errc::route_not_found, "the documentation has no such file");
}

Task<Result<net::Response>> answer(
    std::shared_ptr<const Files> files, std::string name, const Call& call) {
    co_return serve(*files, name, call);
}

}  // namespace

Door make_docs_door() {
    const auto files = std::make_shared<const Files>(all_files());
    Door door;
    door.format_error = [](const Error& error) {
        net::Response response;
        response.status = errc_info(error.code).http;
        response.body = R"({"error":)";
        append_json(response.body, error);
        response.body += '}';
        return response;
    };
    door.routes.push_back({{Method::get, "/docs", Auth::open},
        [files](Call& call) { return answer(files, std::string(page_name), call); }});
    // Of the page the links begin at `docs/`: there it is, and nowhere else.
    door.routes.push_back(
        {{Method::get, "/docs/{file}", Auth::open}, [files](Call& call) {
             const bool is_page = call.params[0] == page_name;
             return answer(files, is_page ? std::string() : std::string(call.params[0]), call);
         }});
    return door;
}

}  // namespace baton::api::docs
