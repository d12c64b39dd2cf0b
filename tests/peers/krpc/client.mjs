// A kRPC client written from the protocol's description alone, without any dependency, as the judge of
// /kapi/msg_queue: `node client.mjs http://host:port KEY`. Prints "ok"; anything unexpected ends it
// with an error. It rejects what kRPC's own clients reject: a status that is not 200, an answer
// without `result`, a `sys` that is no array or has another number, anything in `sys[1]` that is not
// the trace id it sent.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

const [url, key] = process.argv.slice(2);
const endpoint = `${url}/kapi/msg_queue`;
setTimeout(() => {
    console.error("nothing comes any more");
    process.exit(1);
}, 60_000).unref();

let seq = Date.now() * 1000;

async function send(body) {
    const response = await fetch(endpoint, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
    });
    assert.equal(response.status, 200, body);
    assert.match(response.headers.get("content-type"), /^application\/json/);
    return response.json();
}

/** One call; its result, or an Error with the server's words. */
async function call(method, params, trace = null, token = key) {
    seq += 1;
    const sys = trace === null ? [seq, token] : [seq, token, trace];
    const answer = await send(JSON.stringify({ method, params, sys }));
    assert.ok(Array.isArray(answer.sys), "sys is an array");
    assert.equal(answer.sys[0], seq, "sys[0] is the number of the call");
    assert.deepEqual(answer.sys.slice(1), trace === null ? [] : [trace], "the trace id, or nothing");
    if (answer.error !== undefined) {
        assert.equal(typeof answer.error, "string");
        throw new Error(answer.error);
    }
    assert.ok("result" in answer, "there is a result");
    return answer.result;
}

async function failure(...args) {
    try {
        await call(...args);
    } catch (error) {
        return error.message;
    }
    return assert.fail("it did not fail");
}

const bytes = (text) => [...new TextEncoder().encode(text)];
const queue_id = "krpc-peer";

async function queues() {
    const config = { max_size: 3, persistence: true, retention_period: null, max_message_size: 1024 };
    await call("create_queue", { queue_id, config });
    assert.match(await failure("create_queue", { queue_id, config }), /queue_exists/);
    const stats = await call("get_queue_stats", { queue_id });
    assert.equal(stats.queue_id, queue_id);
    assert.equal(stats.message_count, 0);
    assert.equal(stats.max_size, 3);
    assert.ok(Number.isInteger(stats.created_at) && Number.isInteger(stats.last_accessed));
    assert.equal(await call("pop_message", { queue_id }), null);
}

async function messages() {
    const id = randomUUID();
    const message = {
        id,
        queue_id,
        content: bytes("hé\0"),
        timestamp: 1_700_000_000,
        reply_to: null,
        metadata: { kind: "test" },
    };
    await call("post_message", { queue_id, message });
    assert.equal((await call("post_message", { queue_id, message })).duplicate, true);
    const second = { ...message, id: randomUUID(), content: Buffer.from("two").toString("base64") };
    await call("post_message", { queue_id, message: second }, "trace-1");
    assert.equal((await call("get_queue_stats", { queue_id })).message_count, 2);

    const first = await call("pop_message", { queue_id });
    for (const name of Object.keys(message)) assert.deepEqual(first[name], message[name], name);
    assert.deepEqual((await call("pop_message", { queue_id })).content, bytes("two"));
    assert.equal(await call("pop_message", { queue_id }), null);

    assert.equal(await call("get_message_reply", { message_id: id }), null);
    for (const message_id of [id, second.id]) {
        const reply = { message_id, result: bytes("done"), timestamp: 1_700_000_001, metadata: null };
        await call("reply_to_message", { reply });
    }
    const fetched = await call("get_message_reply", { message_id: id });
    assert.equal(fetched.message_id, id);
    assert.deepEqual(fetched.result, bytes("done"));
    assert.ok(Number.isInteger(fetched.timestamp));
    assert.equal(fetched.metadata, null);
    assert.equal((await call("get_queue_stats", { queue_id })).message_count, 0);
}

async function limits() {
    const one = (content) => ({ queue_id, message: { id: randomUUID(), content } });
    assert.match(await failure("post_message", one(Array(1025).fill(1))), /message_too_large/);
    await call("post_message", one(Array(1024).fill(255)));
    await call("update_queue_config", { queue_id, config: { max_size: 1, persistence: true } });
    assert.match(await failure("post_message", one([1])), /queue_full/);
    await call("update_queue_config", { queue_id, config: { persistence: true } });
    await call("post_message", one(Array(4096).fill(1)));
    assert.equal((await call("get_queue_stats", { queue_id })).message_count, 2);
}

async function outputs() {
    const [posted, log] = [{ queue_id, message: { content: [1] } }, "krpc-peer-log"];
    const { id: message_id } = await call("post_message", posted);
    const { receipt } = await call("pop_message", { queue_id });
    const events = [bytes("one"), Buffer.from("two").toString("base64")];
    assert.deepEqual(await call("append_output", { message_id, receipt, events }), { next: 2 });
    const page = await call("read_output", { message_id, from: 1 });
    assert.deepEqual(page.events.map(({ data }) => data), [bytes("two")]);
    assert.deepEqual([page.next, page.ended], [2, false]);
    await call("ack_messages", { receipts: [receipt] });

    await call("create_queue", { queue_id: log, config: { mode: "log" } });
    const path = { queue_id: log, subscription: "peer" };
    const messages = [{ content: [1] }, { content: [2] }];
    await call("post_messages", { queue_id: log, messages });
    assert.deepEqual(await call("subscribe", { ...path, from: "earliest" }), { committed: 0 });
    const fetched = (await call("fetch_messages", path)).messages;
    assert.deepEqual(fetched.map(({ content }) => content), [[1], [2]]);
    await call("commit_messages", { ...path, seq: fetched[1].seq });
    assert.deepEqual((await call("fetch_messages", path)).messages, []);
    assert.deepEqual(await call("seek_subscription", { ...path, to: 2 }), { committed: 1 });
    const { subscriptions } = await call("list_subscriptions", { queue_id: log });
    assert.deepEqual(subscriptions, [{ name: "peer", committed: 1, lag: 1 }]);
    assert.deepEqual(await call("truncate_queue", { queue_id: log, before: 2 }), { removed: 1 });
    await call("unsubscribe", path);
    assert.match(await failure("fetch_messages", path), /not_found/);
    assert.match(await failure("subscribe", { ...path, queue_id }), /unsupported/);
    await call("delete_queue", { queue_id: log });
}

async function quotas() {
    const tenant = "krpc-peer-tenant";
    const set = await call("set_quota", { tenant, limit_bytes: 1000 });
    assert.deepEqual(set, { used_bytes: 0, limit_bytes: 1000 });
    assert.deepEqual(await call("get_quota", { tenant }), set);
    assert.match(await failure("set_quota", { tenant, limit_bytes: -1 }), /limit_bytes/);
    const small = "krpc-peer-small";
    const { owner } = await call("create_queue", { queue_id: small, owner: tenant });
    assert.equal(owner, tenant);
    const post = () => ({ queue_id: small, message: { content: Array(600).fill(1) } });
    await call("post_message", post());
    assert.match(await failure("post_message", post()), /quota_exceeded/);
    await call("set_quota", { tenant, limit_bytes: 0 });
    await call("post_message", post());
    await call("delete_queue", { queue_id: small });
}

async function malformed() {
    const broken = ["", "nonsense", "[]", "7", '{"method":', '{"method":"pop_message"}',
        '{"method":1,"params":{},"sys":[1]}', '{"method":"pop_message","params":{},"sys":{}}',
        '{"method":"pop_message","params":{},"sys":["x"]}'];
    for (const body of broken) {
        const answer = await send(body);
        assert.equal(typeof answer.error, "string", body);
        assert.ok(Array.isArray(answer.sys) && answer.sys.length === 1, body);
        assert.ok(!("result" in answer), body);
    }
    assert.match(await failure("no_such_method", {}), /no such method/);
    assert.match(await failure("pop_message", {}), /queue_id/);
    assert.match(await failure("pop_message", { queue_id: 7 }), /queue_id/);
    assert.match(await failure("get_queue_stats", { queue_id: "nobody" }), /queue_not_found/);
    assert.match(await failure("get_queue_stats", { queue_id }, null, "wrong"), /unauthenticated/);
    assert.match(await failure("get_queue_stats", { queue_id }, "t", null), /unauthenticated/);
}

await queues();
await messages();
await limits();
await call("purge_queue", { queue_id });
await outputs();
await quotas();
await malformed();
await call("delete_queue", { queue_id });
assert.match(await failure("get_queue_stats", { queue_id }), /queue_not_found/);
console.log("ok");
