// Talks to /v1/stream as a stranger would: `node scenario.mjs ws://host:port/v1/stream KEY`. The queue
// `mail` exists and is empty. Prints "ok" at the end; anything unexpected ends it with an error.
import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${key}` };
setTimeout(() => {
    console.error("nothing comes any more");
    process.exit(1);
}, 20_000).unref();

/** A connection whose frames can be awaited one by one. */
async function open() {
    const socket = new WebSocket(url, { headers });
    const frames = [];
    let wake = () => {};
    socket.on("message", (data, isBinary) => {
        assert.equal(isBinary, false);
        frames.push(JSON.parse(data.toString()));
        wake();
    });
    await once(socket, "open");
    const next = async () => {
        while (frames.length === 0) await new Promise((resolve) => (wake = resolve));
        return frames.shift();
    };
    const ask = async (command) => {
        socket.send(JSON.stringify(command));
        return next();
    };
    return { socket, next, ask };
}

async function refused(options) {
    const socket = new WebSocket(url, options);
    const [, response] = await once(socket, "unexpected-response");
    socket.on("error", () => {});
    socket.terminate();
    return response.statusCode;
}

assert.equal(await refused({}), 401);
assert.equal(await refused({ headers: { ...headers, Origin: "http://elsewhere.example" } }), 403);
assert.equal(await refused({ headers: { ...headers, Host: "elsewhere.example" } }), 403);

const { socket, next, ask } = await open();
const large = "ä€😀".repeat(50_000);
const posted = await ask({
    id: 1, op: "post", queue: "mail",
    messages: [{ content: "small" }, { content: large, headers: { kind: "large" } }],
});
assert.equal(posted.id, 1);
assert.equal(posted.result.messages.length, 2);

assert.deepEqual(await ask({ id: 2, op: "consume", queue: "mail", credit: 2, lease_ms: 1000 }), {
    id: 2, result: { credit: 2 },
});
const leased = [];
while (leased.length < 2) leased.push(...(await next()).messages);
assert.equal(leased[0].content, "small");
assert.equal(leased[1].content, large);

socket.ping("beat");
const [pong] = await once(socket, "pong");
assert.equal(pong.toString(), "beat");

// Fragments, with a ping between them.
const command = JSON.stringify({ id: 3, op: "ack", receipts: leased.map((m) => m.receipt) });
socket.send(command.slice(0, 20), { fin: false });
socket.ping();
socket.send(command.slice(20), { fin: true });
assert.deepEqual((await next()).result, { acked: 2, errors: [] });

assert.equal((await ask({ id: 4, op: "nonsense" })).error.code, "invalid_argument");
socket.close(1000, "done");
const [code] = await once(socket, "close");
assert.equal(code, 1000);

// What breaks the protocol is told by code.
for (const [send, expected] of [
    [(s) => s.send(Buffer.from([1, 2, 3])), 1003],
    [(s) => s.send("x".repeat(17 * 1024 * 1024)), 1009],
    [(s) => s._socket.write(Buffer.from([0x81, 0x01, 0x78])), 1002],
]) {
    const other = await open();
    other.socket.on("error", () => {});
    send(other.socket);
    const [closed] = await once(other.socket, "close");
    assert.equal(closed, expected);
}
console.log("ok");
