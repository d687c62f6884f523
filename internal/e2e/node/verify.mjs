// Verifies access tokens as an API written for Node.js would, with jose or with
// jsonwebtoken. Standard input: {library, jwks, issuer, audience, tokens}. Standard
// output: for each token what its verified payload says, or why it was refused.
import { createPublicKey, webcrypto } from "node:crypto";
import { json } from "node:stream/consumers";

globalThis.crypto ??= webcrypto; // Node.js 18
const asked = await json(process.stdin);
const { issuer, audience } = asked;

async function withJose() {
  const { createRemoteJWKSet, jwtVerify } = await import("jose");
  const keys = createRemoteJWKSet(new URL(asked.jwks));
  return (token) => jwtVerify(token, keys, { issuer, audience, algorithms: ["ES256"], typ: "at+jwt" });
}

async function withJsonwebtoken() {
  const { default: jwt } = await import("jsonwebtoken");
  const { keys } = await (await fetch(asked.jwks)).json();
  return (token) => {
    const { header } = jwt.decode(token, { complete: true });
    const jwk = keys.find((key) => key.kid === header.kid);
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const { payload } = jwt.verify(token, key, { issuer, audience, algorithms: ["ES256"], complete: true });
    if (header.typ !== "at+jwt") throw new Error("typ is " + header.typ); // jsonwebtoken does not look
    return { payload, protectedHeader: header };
  };
}

const verify = await (asked.library === "jose" ? withJose() : withJsonwebtoken());
const said = [];
for (const token of asked.tokens) {
  try {
    const { payload, protectedHeader } = await verify(token);
    said.push({ ok: true, sub: payload.sub, client: payload.client_id, alg: protectedHeader.alg, typ: protectedHeader.typ });
  } catch (error) {
    said.push({ ok: false, why: error.message });
  }
}
console.log(JSON.stringify(said));
