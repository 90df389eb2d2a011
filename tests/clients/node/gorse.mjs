// gorsejs writes what a shop knows, and says what it was answered: node gorse.mjs '{"url", "key"}'
import { Gorse } from "gorsejs";

const { url, key } = JSON.parse(process.argv[2]);
const gorse = new Gorse({ endpoint: url, secret: key });
const answers = [
  await gorse.insertUser({ UserId: "ani", Labels: ["gold"] }),
  await gorse.insertUsers([{ UserId: "budi" }, { UserId: "citra" }]),
  await gorse.upsertItem({ ItemId: "S1", IsHidden: false, Timestamp: "2026-11-01T10:00:00Z", Categories: ["Dapur"] }),
  await gorse.upsertItems([{ ItemId: "S2", IsHidden: true, Timestamp: new Date(), Labels: ["biru"] }]),
  await gorse.updateItem("S2", { IsHidden: false }),
  await gorse.insertFeedbacks([
    { FeedbackType: "read", UserId: "ani", ItemId: "S1", Timestamp: new Date() },
    { FeedbackType: "star", UserId: "budi", ItemId: "S2", Timestamp: "2026-11-01" },
  ]),
  await gorse.insertFeedbacks([{ FeedbackType: "read", UserId: "ani", ItemId: "S1", Timestamp: new Date() }]),
  await gorse.upsertFeedbacks([{ FeedbackType: "purchase", UserId: "ani", ItemId: "S1", Timestamp: new Date() }]),
];
const item = await gorse.getItem("S1");
const items = await gorse.getItems({ n: 10 });
let refused = null;
try {
  await new Gorse({ endpoint: url, secret: "wrong" }).insertFeedbacks([]);
} catch (error) {
  refused = error.code ?? error.status ?? error.statusCode ?? String(error);
}
console.log(JSON.stringify({ answers, item, items, refused }));
