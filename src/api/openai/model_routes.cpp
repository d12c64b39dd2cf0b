// /v1/models and /v1/embeddings
#include <bit>
#include <cstring>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "api/openai/chat_encoder.h"
#include "api/openai/routes.h"
#include "base/text.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;
using net::Method;

json::object model_object(std::string_view name) {
    // No endpoint says when its models were made.
    return {{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "baton"}};
}

Task<Result<net::Response>> list_models(const SharedState& state, Call&) {
    json::array models;
    for (const auto& name : state->chats.models()) models.push_back(model_object(name));
    co_return json_answer(
        200, json_text(json::object{{"object", "list"}, {"data", std::move(models)}}));
}

/// Names have a slash where an owner stands before them: "meta-llama/Llama-3".
Task<Result<net::Response>> get_model(const SharedState& state, Call& call) {
    std::string name(call.params[0]);
    if (!call.params[1].empty()) name += "/" + std::string(call.params[1]);
    if (!state->chats.serves(name)) {
        co_return fail_field(
            Errc::not_found, "model", fmt::format("no endpoint serves the model `{}`", name));
    }
    co_return json_answer(200, json_text(model_object(name)));
}

struct EmbeddingCall {
    EmbeddingRequest request{};
    bool base64 = false;
};

Result<std::vector<std::string>> read_input(const Fields& fields) {
    const auto* input = fields.find("input");
    if (input == nullptr) return fields.fail_at("input", "is missing");
    std::vector<std::string> texts;
    if (input->is_string()) {
        texts.emplace_back(input->get_string());
    } else if (input->is_array()) {
        for (const auto& item : input->get_array()) {
            if (!item.is_string()) {
                return fields.fail_at(element("input", texts.size()),
                    fmt::format("must be text, not {}; tokens are not taken", kind_name(item)));
            }
            texts.emplace_back(item.get_string());
        }
    } else {
        return fields.fail_at(
            "input", fmt::format("must be text or an array of texts, not {}", kind_name(*input)));
    }
    return texts;
}

Result<EmbeddingCall> read_embedding(const json::value& body) {
    BATON_TRY(const auto fields, Fields::of(body, {}, Errc::invalid_argument));
    EmbeddingCall call;
    BATON_TRY(call.request.model, fields.text("model"));
    if (call.request.model.empty()) return fields.fail_at("model", "is missing");
    BATON_TRY(call.request.input, read_input(fields));
    BATON_TRY(const auto dimensions, fields.integer("dimensions", {.min = 0, .max = 65'536}));
    if (dimensions > 0) call.request.dimensions = static_cast<std::uint32_t>(dimensions);
    BATON_TRY(const auto format, fields.text("encoding_format"));
    if (!format.empty() && format != "float" && format != "base64") {
        return fields.fail_at("encoding_format", "must be `float` or `base64`");
    }
    call.base64 = format == "base64";
    return call;
}

/// 32-bit floats, little endian, as OpenAI's clients unpack them.
std::string packed(const std::vector<float>& vector) {
    static_assert(std::endian::native == std::endian::little);
    std::string bytes(vector.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), vector.data(), bytes.size());
    return base64_encode(bytes);
}

std::string embedding_list(const EmbeddingResult& result, std::string_view model, bool base64) {
    json::array data;
    for (const auto& vector : result.vectors) {
        json::object item{{"object", "embedding"}, {"index", data.size()}};
        if (base64) {
            item["embedding"] = packed(vector);
        } else {
            item["embedding"] = json::array(vector.begin(), vector.end());
        }
        data.push_back(std::move(item));
    }
    return json_text(json::object{{"object", "list"}, {"data", std::move(data)}, {"model", model},
        {"usage", json::object{{"prompt_tokens", result.input_tokens},
                      {"total_tokens", result.input_tokens}}}});
}

/// Embeddings have no order, no priority and no long wait: they are passed through.
Task<Result<net::Response>> create_embeddings(const SharedState& state, Call& call) {
    BATON_CO_TRY(const auto body, json_body(call.request));
    BATON_CO_TRY(auto embedding, read_embedding(body));
    const std::string model = embedding.request.model;
    auto asking = state->chats.embed(
        call.who, std::move(embedding.request), Deadline::after(state->config.timeout));
    const auto result = co_await std::move(asking);
    Result<net::Response> response = result ? Result<net::Response>(json_answer(200,
                                                  embedding_list(*result, model, embedding.base64)))
                                            : fail(result.error());
    co_return with_limits(*state, call.who, model, std::move(response));
}

}  // namespace

std::vector<Door::Route> model_routes(const SharedState& state) {
    return {
        {{Method::get, "/v1/models", Auth::member},
            [state](Call& call) { return list_models(state, call); }},
        {{Method::get, "/v1/models/{model}", Auth::member},
            [state](Call& call) { return get_model(state, call); }},
        {{Method::get, "/v1/models/{owner}/{model}", Auth::member},
            [state](Call& call) { return get_model(state, call); }},
        {{Method::post, "/v1/embeddings", Auth::member},
            [state](Call& call) { return create_embeddings(state, call); }},
    };
}

}  // namespace baton::api::openai
