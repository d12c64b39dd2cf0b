// OpenAI's embeddings and list of models as JSON. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "llm/openai/chat_codec.h"
#include "model/chat.h"

namespace baton::llm {

/// The body of `POST /embeddings`. Who knows it is asked for base64, a third of the bytes.
[[nodiscard]] std::string encode_embedding_request(
    const EmbeddingRequest& request, OpenAiDialect dialect);

/// The answer, its vectors as base64 (float32, little endian) or numbers, in any order.
/// Fails: provider_protocol when it has not one vector for each of `count` texts, all of one
/// length.
[[nodiscard]] Result<EmbeddingResult> decode_embeddings(
    const boost::json::value& body, std::size_t count);

/// The ids of `{"data":[{"id"}]}`. Fails: provider_protocol.
[[nodiscard]] Result<std::vector<std::string>> decode_models(const boost::json::value& body);

}  // namespace baton::llm
