import { mount } from "svelte";
import "./design/base.css";
import App from "./App.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no element called app");
mount(App, { target });
