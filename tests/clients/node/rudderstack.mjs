// @rudderstack/rudder-sdk-node tells the story: node rudderstack.mjs '{"url", "key", "story"}'
import Analytics from "@rudderstack/rudder-sdk-node";

const { url, key, story } = JSON.parse(process.argv[2]);
const analytics = new Analytics(key, {
  dataPlaneUrl: url,
  flushAt: 100,
  errorHandler: (error) => {
    console.error("failed:", error.message);
    process.exitCode = 1;
  },
});
for (const { type, timestamp, ...message } of story) {
  analytics[type]({ ...message, originalTimestamp: new Date(timestamp) });
}
await analytics.flush();
process.exit();
