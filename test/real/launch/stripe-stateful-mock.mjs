import mock from "stripe-stateful-mock";
import { announce } from "./announce.mjs";

announce(mock.createExpressApp());
