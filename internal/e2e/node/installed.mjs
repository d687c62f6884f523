// Says what is wrong with Node.js and the packages beside this file, if anything is.
import { readFileSync } from "node:fs";

const oldest = 18; // the first Node.js that Express 5 supports
const wrong = [];
if (parseInt(process.versions.node) < oldest) wrong.push(`node is ${process.versions.node} and has to be ${oldest} or later`);

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
for (const [name, version] of Object.entries(read("package.json").dependencies)) {
  let have = "missing";
  try {
    have = read(`node_modules/${name}/package.json`).version;
  } catch {
    // it stays missing
  }
  if (have !== version) wrong.push(`npm's ${name} is ${have} and has to be ${version}`);
}
if (wrong.length > 0) {
  console.log(wrong.join("; "));
  process.exit(1);
}
