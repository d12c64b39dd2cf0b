// The golden set of OpenAI's own client against a door that imitates it:
// `node golden.mjs http://host:port KEY durable|pass-through`. Behind the door stands a provider with
// the fixtures of tests/integration/openai_client_test.cpp. Prints "ok"; anything unexpected ends it
// with an error.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [url, key, mode] = process.argv.slice(2);
setTimeout(() => {
    console.error("nothing comes any more");
    process.exit(1);
}, 60_000).unref();

const settings = {
    apiKey: key,
    baseURL: `${url}/v1`,
    maxRetries: 0,
    defaultHeaders: { "Baton-Mode": mode },
};
const client = new OpenAI(settings);
const model = "gpt-4o-mini";
const ask = (content, more = {}) => ({ model, messages: [{ role: "user", content }], ...more });

/** The error that `call` ends with. */
async function failure(call) {
    try {
        await call();
    } catch (error) {
        return error;
    }
    assert.fail("it did not fail");
}

async function chats() {
    const whole = await client.chat.completions.create(ask("What is a baton?"));
    assert.equal(whole.object, "chat.completion");
    assert.equal(whole.choices[0].message.content, "A stick that runners hand over.");
    assert.equal(whole.choices[0].message.role, "assistant");
    assert.equal(whole.choices[0].finish_reason, "stop");
    assert.ok(whole.usage.total_tokens > 0);
    assert.ok(whole._request_id);

    const stream = await client.chat.completions.create(
        ask("What is a baton?", { stream: true, stream_options: { include_usage: true } }),
    );
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    assert.equal(
        chunks.map((c) => c.choices[0]?.delta.content ?? "").join(""),
        "A stick that runners hand over.",
    );
    assert.ok(chunks.every((c) => c.id === chunks[0].id && c.object === "chat.completion.chunk"));
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.ok(chunks.at(-1).usage.total_tokens > 0);
    assert.equal(chunks.at(-2).choices[0].finish_reason, "stop");

    // The client's own accumulator finds every piece where it looks for it.
    const runner = client.chat.completions.stream(ask("What is a baton?"));
    assert.equal(await runner.finalContent(), "A stick that runners hand over.");
}

async function tools() {
    const tool = {
        type: "function",
        function: {
            name: "get_weather",
            parameters: { type: "object", properties: { city: { type: "string" } } },
        },
    };
    const whole = await client.chat.completions.create(ask("weather?", { tools: [tool] }));
    const [call] = whole.choices[0].message.tool_calls;
    assert.equal(whole.choices[0].finish_reason, "tool_calls");
    assert.equal(call.function.name, "get_weather");
    assert.deepEqual(JSON.parse(call.function.arguments), { city: "Bern" });

    const streamed = await client.chat.completions
        .stream(ask("weather?", { tools: [tool] }))
        .finalChatCompletion();
    assert.deepEqual(
        JSON.parse(streamed.choices[0].message.tool_calls[0].function.arguments),
        { city: "Bern" },
    );

    const after = await client.chat.completions.create({
        model,
        tools: [tool],
        messages: [
            { role: "user", content: "weather?" },
            { role: "assistant", content: null, tool_calls: [call] },
            { role: "tool", tool_call_id: call.id, content: "sunny" },
        ],
    });
    assert.equal(after.choices[0].message.content, "It is sunny.");

    const json = await client.chat.completions.create(
        ask("as json", { response_format: { type: "json_object" } }),
    );
    assert.deepEqual(JSON.parse(json.choices[0].message.content), { a: 1 });
}

async function models() {
    const names = [];
    for await (const entry of client.models.list()) names.push(entry.id);
    assert.ok(names.includes(model));
    assert.equal((await client.models.retrieve(model)).id, model);
}

async function embeddings() {
    // Without a format the client asks for base64 and unpacks it itself.
    const packed = await client.embeddings.create({ model, input: "one" });
    const plain = await client.embeddings.create({ model, input: "one", encoding_format: "float" });
    assert.ok(packed.data[0].embedding.length > 0);
    assert.equal(packed.data[0].embedding.length, plain.data[0].embedding.length);
    plain.data[0].embedding.forEach((value, i) => {
        assert.ok(Math.abs(value - packed.data[0].embedding[i]) < 1e-6);
    });
    const many = await client.embeddings.create({ model, input: ["one", "two"] });
    assert.deepEqual(many.data.map((d) => d.index), [0, 1]);
}

async function responses() {
    const whole = await client.responses.create({ model, input: "What is a baton?" });
    assert.equal(whole.status, "completed");
    assert.equal(whole.output_text, "A stick that runners hand over.");
    const stream = await client.responses.create({ model, input: "What is a baton?", stream: true });
    const types = [];
    let text = "";
    for await (const event of stream) {
        assert.equal(event.sequence_number, types.length);
        types.push(event.type);
        if (event.type === "response.output_text.delta") text += event.delta;
    }
    assert.equal(types[0], "response.created");
    assert.equal(types.at(-1), "response.completed");
    assert.equal(text, "A stick that runners hand over.");
    const unknown = await failure(() =>
        client.responses.create({ model, input: "a", previous_response_id: "resp_unknown" }),
    );
    assert.ok(unknown instanceof OpenAI.BadRequestError, String(unknown));
    assert.equal(unknown.code, "previous_response_not_found");
    if (mode !== "durable") return;
    const next = await client.responses.create({
        model,
        input: "What is a baton?",
        instructions: "be kind",
        previous_response_id: whole.id,
    });
    assert.equal(next.previous_response_id, whole.id);
    assert.equal(next.output_text, "A stick that runners hand over.");
    const kept = await client.responses.retrieve(next.id);
    assert.equal(kept.instructions, "be kind");
    assert.deepEqual(kept.output, next.output);
    let background = await client.responses.create({
        model,
        input: "What is a baton?",
        background: true,
    });
    assert.equal(background.status, "queued");
    while (background.status !== "completed") {
        background = await client.responses.retrieve(background.id);
        assert.ok(["queued", "in_progress", "completed"].includes(background.status));
    }
    assert.equal(background.output_text, "A stick that runners hand over.");
}

async function errors() {
    const wrong = new OpenAI({ ...settings, apiKey: "bt_wrong" });
    let error = await failure(() => wrong.models.list());
    assert.ok(error instanceof OpenAI.AuthenticationError, String(error));

    error = await failure(() => client.chat.completions.create({ model, messages: [] }));
    assert.ok(error instanceof OpenAI.BadRequestError, String(error));
    assert.equal(error.param, "messages");

    error = await failure(() => client.chat.completions.create(ask("a", { model: "no-such" })));
    assert.ok(error instanceof OpenAI.NotFoundError, String(error));
    assert.equal(error.type, "not_found_error");
    assert.ok(error.requestID);

    error = await failure(() => client.chat.completions.create(ask("bad request")));
    assert.ok(error instanceof OpenAI.BadRequestError, String(error));
    assert.match(error.message, /context too long/);

    if (mode !== "durable") {
        // In durable mode a busy provider is waited for.
        error = await failure(() => client.chat.completions.create(ask("busy")));
        assert.ok(error instanceof OpenAI.RateLimitError, String(error));
        assert.ok(Number(error.headers.get("retry-after")) >= 1);
        assert.equal(error.headers.get("x-should-retry"), "true");
        // The only endpoint cools now: whoever asks before it may is refused, as the hint says.
        const hint = Number(error.headers.get("retry-after-ms"));
        assert.ok(hint > 0);
        await new Promise((resolve) => setTimeout(resolve, hint + 50));
    }

    error = await failure(() => client.chat.completions.create(ask("broken")));
    assert.ok(error instanceof OpenAI.InternalServerError, String(error));

    error = await failure(async () => {
        const stream = await client.chat.completions.create(ask("broken", { stream: true }));
        for await (const chunk of stream) assert.ok(chunk);
    });
    assert.ok(error instanceof OpenAI.APIError, String(error));
}

/** The client retries by itself what the door says may be retried. */
async function retries() {
    const patient = new OpenAI({ ...settings, maxRetries: 3 });
    const answer = await patient.chat.completions.create(ask("busy once"));
    assert.equal(answer.choices[0].message.content, "after the 429");
}

async function abort() {
    const stream = await client.chat.completions.create(ask("slow", { stream: true }));
    let pieces = 0;
    try {
        for await (const chunk of stream) {
            // What was on its way when the client gave up still comes; the end of the answer does not.
            assert.equal(chunk.choices[0].finish_reason, null);
            if (++pieces === 2) stream.controller.abort();
        }
    } catch (error) {
        assert.ok(error instanceof OpenAI.APIUserAbortError, String(error));
    }
    assert.ok(pieces >= 2, `only ${pieces} pieces came`);
    const next = await client.chat.completions.create(ask("What is a baton?"));
    assert.ok(next.choices[0].message.content);
}

for (const part of [chats, tools, models, embeddings, responses, errors, retries, abort]) {
    try {
        await part();
    } catch (error) {
        console.error(`in ${part.name} (${mode}):`, error);
        process.exit(1);
    }
}
console.log("ok");
process.exit(0);
