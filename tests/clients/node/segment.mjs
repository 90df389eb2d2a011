// @segment/analytics-node tells the story: node segment.mjs '{"url", "key", "story"}'
import { Analytics } from "@segment/analytics-node";

const { url, key, story } = JSON.parse(process.argv[2]);
const analytics = new Analytics({ writeKey: key, host: url, flushAt: 100 });
analytics.on("error", (error) => {
  console.error("failed:", error.code, error.reason?.message ?? "");
  process.exitCode = 1;
});
for (const { type, ...message } of story) {
  analytics[type]({ ...message, timestamp: new Date(message.timestamp) });
}
await analytics.closeAndFlush({ timeout: 30_000 });
