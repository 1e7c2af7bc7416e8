import { mount } from "svelte";
import "../design/base.css";
import App from "./App.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("gateway.html has no element called app");
mount(App, { target });
