// A worker that solves the puzzle of work.js (ALTCHA, version 2): it guesses until the key that is
// derived from the guess begins as it should.
"use strict";

const bytes = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
const digits = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function find({ nonce, salt, cost, keyLength, keyPrefix }) {
  const begin = bytes(nonce);
  const guess = new Uint8Array(begin.length + 4);
  const rounds = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  guess.set(begin);
  for (let counter = 0; ; counter++) {
    new DataView(guess.buffer).setUint32(begin.length, counter);
    const key = await crypto.subtle.importKey("raw", guess, "PBKDF2", false, ["deriveBits"]);
    const derivedKey = digits(await crypto.subtle.deriveBits(rounds, key, 8 * keyLength));
    if (derivedKey.startsWith(keyPrefix)) return { counter, derivedKey };
  }
}

onmessage = ({ data }) => {
  // A browser offers its cryptography to pages that came safely alone: https, or this machine.
  find(data).then((solution) => postMessage({ solution }), (error) => postMessage({ error: String(error) }));
};
