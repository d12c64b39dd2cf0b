#include "llm/openai/list_codec.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "llm/provider_json.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

auto no_embedding(std::string_view why) {
    return fail(Errc::provider_protocol, fmt::format("the embeddings make no sense: {}", why));
}

Result<std::vector<float>> floats_of_base64(std::string_view text) {
    const auto bytes = base64_decode(text);
    if (!bytes || bytes->size() % 4 != 0) return no_embedding("a vector is no base64 of floats");
    std::vector<float> vector;
    vector.reserve(bytes->size() / 4);
    for (std::size_t at = 0; at < bytes->size(); at += 4) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            bits |= std::uint32_t{static_cast<unsigned char>((*bytes)[at + i])} << (8 * i);
        }
        vector.push_back(std::bit_cast<float>(bits));
    }
    return vector;
}

Result<std::vector<float>> floats_of(const json::value* value) {
    if (value != nullptr && value->is_string()) return floats_of_base64(value->get_string());
    if (value == nullptr || !value->is_array()) return no_embedding("a vector is missing");
    std::vector<float> vector;
    vector.reserve(value->get_array().size());
    for (const auto& number : value->get_array()) {
        boost::system::error_code error;
        vector.push_back(static_cast<float>(number.to_number<double>(error)));
        if (error) return no_embedding("a vector holds what is no number");
    }
    return vector;
}

}  // namespace

std::string encode_embedding_request(const EmbeddingRequest& request, OpenAiDialect dialect) {
    json::object body{{"model", request.model},
        {"input", json::array(request.input.begin(), request.input.end())}};
    if (request.dimensions) body["dimensions"] = *request.dimensions;
    if (dialect == OpenAiDialect::openai) body["encoding_format"] = "base64";
    return json_text(body);
}

Result<EmbeddingResult> decode_embeddings(const json::value& body, std::size_t count) {
    const auto* data = member(body, "data");
    if (data == nullptr || !data->is_array() || data->get_array().size() != count) {
        return no_embedding("there is not one vector for each text");
    }
    EmbeddingResult result{.model = std::string(text_of(body, "model"))};
    result.vectors.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& item = data->get_array()[i];
        const auto at = member(item, "index") == nullptr ? i : count_of(item, "index");
        if (at >= count || !result.vectors[at].empty()) return no_embedding("an index is wrong");
        BATON_TRY(result.vectors[at], floats_of(member(item, "embedding")));
        if (result.vectors[at].empty()) return no_embedding("a vector is empty");
    }
    const auto same_length = [&](const auto& vector) {
        return vector.size() == result.vectors.front().size();
    };
    if (!std::ranges::all_of(result.vectors, same_length)) {
        return no_embedding("the vectors differ in length");
    }
    if (const auto* usage = member(body, "usage")) {
        result.input_tokens = count_of(*usage, "prompt_tokens");
    }
    return result;
}

Result<std::vector<std::string>> decode_models(const json::value& body) {
    const auto* data = member(body, "data");
    if (data == nullptr || !data->is_array()) {
        return fail(Errc::provider_protocol, "the list of models has no `data`");
    }
    std::vector<std::string> models;
    for (const auto& item : data->get_array()) {
        const auto id = text_of(item, "id");
        if (!id.empty()) models.emplace_back(id);
    }
    return models;
}

}  // namespace baton::llm
