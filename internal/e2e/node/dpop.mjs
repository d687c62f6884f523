// Makes access tokens that are bound to keys, and DPoP proofs (RFC 9449), with jose. Standard
// input: {issuer, audience, url}. Standard output: {jwks, requests}: the public keys of the
// issuer, and a list of {name, token, proof, why}; why is the reason of the gate's log, or "".
import { createHash, randomUUID, webcrypto } from "node:crypto";
import { json } from "node:stream/consumers";

globalThis.crypto ??= webcrypto; // Node.js 18
const { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } = await import("jose");
const { issuer, audience, url } = await json(process.stdin);
const now = Math.floor(Date.now() / 1000);

async function pair(alg) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { alg, privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk), secret: await exportJWK(privateKey) };
}

const signer = await pair("ES256");
const kid = signer.thumbprint;

function tokenFor(cnf) {
  const claims = { iss: issuer, aud: audience, sub: "ada", client_id: "e2e", jti: randomUUID(), iat: now, exp: now + 300, cnf };
  return new SignJWT(claims).setProtectedHeader({ typ: "at+jwt", alg: "ES256", kid }).sign(signer.privateKey);
}

const hash = (token) => createHash("sha256").update(token).digest("base64url");

function prove(key, token, claims = {}, header = {}) {
  const all = { jti: randomUUID(), htm: "GET", htu: url, iat: now, ath: hash(token), ...claims };
  return new SignJWT(all).setProtectedHeader({ typ: "dpop+jwt", alg: key.alg, jwk: key.jwk, ...header }).sign(key.privateKey);
}

const requests = [];
for (const alg of ["ES256", "ES384", "EdDSA", "RS256", "PS256"]) {
  const key = await pair(alg);
  const token = await tokenFor({ jkt: key.thumbprint });
  const add = async (name, why, claims, header) =>
    requests.push({ name: alg + " " + name, why, token, proof: await prove(key, token, claims, header) });
  await add("good", "");
  requests.push({ ...requests.at(-1), name: alg + " used again", why: "replayed" });
  await add("in another spelling", "", { htu: url.replace("https://api", "HTTPS://API") + "?q=1#top" });
  await add("for another method", "wrong_method", { htm: "POST" });
  await add("for another URL", "wrong_url", { htu: url + "/" });
  await add("for another token", "wrong_token", { ath: hash("other") });
  await add("of yesterday", "too_old", { iat: now - 86400 });
  await add("with the private key", "bad_header", {}, { jwk: key.secret });
  await add("of another type", "wrong_type", {}, { typ: "JWT" });
  const thief = await pair(alg);
  requests.push({ name: alg + " of a thief", why: "wrong_key", token, proof: await prove(thief, token) });
  requests.push({ name: alg + " of a thief under the key", why: "bad_signature", token, proof: await prove(thief, token, {}, { jwk: key.jwk }) });
}
console.log(JSON.stringify({ jwks: { keys: [{ ...signer.jwk, alg: "ES256", kid, use: "sig" }] }, requests }));
