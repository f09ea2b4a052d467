import { enliven } from "../inspect/viewer.mjs";

enliven(document);
