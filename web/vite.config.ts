import { svelte } from "@sveltejs/vite-plugin-svelte";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

/** `--mode gateway` makes the gateway's pages, any other mode the cloud's. */
export default defineConfig(({ mode }) => {
  const gateways = mode === "gateway";
  // Where `npm run dev` sends the API's paths: a running cloud, or a running gateway.
  const given = loadEnv(mode, ".", "OHMSTEAD_");
  const cloud = given.OHMSTEAD_CLOUD ?? "http://127.0.0.1:8000";
  const gateway = given.OHMSTEAD_GATEWAY ?? "http://127.0.0.1:8080";
  return {
    plugins: [svelte({ configFile: false })],
    build: {
      rollupOptions: { input: gateways ? "gateway.html" : "index.html" },
      // Browsers that know light-dark(), of which the colour tokens are made.
      target: ["chrome123", "edge123", "firefox120", "safari17.5"],
      chunkSizeWarningLimit: 700,
      license: { fileName: "licences.md" },
      // Everything comes from files of our own, as the Content-Security-Policy asks.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
    server: { proxy: gateways ? { "/api": gateway, "/sdcard": gateway, "/load": gateway } : { "/api": cloud, "/schema": cloud } },
    test: { include: ["src/**/*.test.ts"], environment: "node" },
  };
});
