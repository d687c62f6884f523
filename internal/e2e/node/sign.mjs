// Signs access tokens with jose, as another issuer would. Standard input: {issuer,
// audience}. Standard output: {jwks, tokens}: the public keys of the issuer, and a list of
// {name, token, ok}.
import { webcrypto } from "node:crypto";
import { json } from "node:stream/consumers";

globalThis.crypto ??= webcrypto; // Node.js 18
const { SignJWT, UnsecuredJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } = await import("jose");
const { issuer, audience } = await json(process.stdin);
const now = Math.floor(Date.now() / 1000);

async function pair(alg) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { alg, kid, privateKey, jwk: { ...jwk, alg, kid, use: "sig" } };
}

const claims = { iss: issuer, aud: audience, sub: "ada", client_id: "e2e", jti: "1", iat: now, exp: now + 300, scope: "notes:read" };

function sign(key, change = {}, header = {}) {
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ typ: "at+jwt", alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}

// A letter in the middle: all its bits count, which is not so for the last one.
function changed(token, part) {
  const parts = token.split(".");
  const middle = parts[part].length >> 1;
  parts[part] = parts[part].slice(0, middle) + (parts[part][middle] === "A" ? "B" : "A") + parts[part].slice(middle + 1);
  return parts.join(".");
}

const keys = await Promise.all(["ES256", "RS256", "EdDSA", "PS256", "ES384"].map(pair));
const stranger = await pair("ES256");
const tokens = [];
for (const key of keys) {
  const token = await sign(key);
  const forged = token.slice(0, token.lastIndexOf(".")) + "." + (await sign(key, { sub: "eve" })).split(".")[2];
  tokens.push(
    { name: key.alg, ok: true, token },
    { name: key.alg + " with a changed signature", token: changed(token, 2) },
    { name: key.alg + " with the signature of another token", token: forged },
    { name: key.alg + " expired", token: await sign(key, { exp: now - 60 }) },
    { name: key.alg + " for another audience", token: await sign(key, { aud: "https://other.example.com" }) },
    { name: key.alg + " from another issuer", token: await sign(key, { iss: "https://evil.example.com" }) },
    { name: key.alg + " that is an ID token", token: await sign(key, {}, { typ: "JWT" }) },
  );
}
const [es256] = keys;
const { kid } = es256;
tokens.push(
  { name: "a stranger's key", token: await sign(stranger) },
  { name: "a stranger's key under a known kid", token: await sign({ ...stranger, kid }) },
  { name: "a stranger's key in the header", token: await sign(stranger, {}, { kid, jwk: stranger.jwk }) },
  { name: "no signature", token: new UnsecuredJWT(claims).encode() },
  {
    name: "HS256 with the public key as the secret",
    token: await new SignJWT(claims).setProtectedHeader({ typ: "at+jwt", alg: "HS256", kid }).sign(new TextEncoder().encode(JSON.stringify(es256.jwk))),
  },
);
console.log(JSON.stringify({ jwks: { keys: keys.map((key) => key.jwk) }, tokens }));
