// TAP as it comes: quiet about what passes, verbatim about what does not. A skip or to-do counts as failed.

/** Prints `lines`; how many tests passed and failed. */
export async function tellTap(lines) {
  const count = { passed: 0, failed: 0 };
  let telling = false;
  for await (const line of lines) {
    const result = /^(not )?ok\b/.exec(line);
    if (result) {
      const bad = result[1] !== undefined || /# (SKIP|TODO)/i.test(line);
      count[bad ? 'failed' : 'passed']++;
      telling = bad;
      console.log(bad && result[1] === undefined ? `not ${line} (a skip is a failure)` : line);
    } else if (telling && !/^(#|1\.\.)/.test(line)) {
      console.log(line);
    }
  }
  return count;
}
