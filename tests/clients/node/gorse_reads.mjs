// gorsejs reads what a shop recommends: node gorse_reads.mjs '{"url", "key"}'; with "write" it tells what people read.
import { Gorse } from "gorsejs";

const { url, key, write } = JSON.parse(process.argv[2]);
const gorse = new Gorse({ endpoint: url, secret: key });
const read = (user, item) => ({ FeedbackType: "read", UserId: user, ItemId: item, Timestamp: "2026-11-01T10:00:00Z" });
if (write) {
  const told = [read("budi", "S1"), read("budi", "S2"), read("citra", "S1"), read("citra", "S2"), read("ani", "S1")];
  console.log(JSON.stringify(await gorse.insertFeedbacks(told)));
} else {
  const recommended = await gorse.getRecommend({ userId: "ani", cursorOptions: { n: 5 } });
  const session = await gorse.getSessionRecommend([read("x", "S1")]);
  const neighbours = await gorse.getItemNeighbors({ itemId: "S1" });
  const popular = await gorse.getPopular({});
  const latest = await gorse.getLatest({});
  console.log(JSON.stringify({ recommended, session, neighbours, popular, latest }));
}
