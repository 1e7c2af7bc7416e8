import { svelte } from "@sveltejs/vite-plugin-svelte";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => {
  // Where `npm run dev` sends the API's paths: a running cloud.
  const cloud = loadEnv(mode, ".", "OHMSTEAD_").OHMSTEAD_CLOUD ?? "http://127.0.0.1:8000";
  return {
    plugins: [svelte({ configFile: false })],
    build: {
      // Browsers that know light-dark(), of which the colour tokens are made.
      target: ["chrome123", "edge123", "firefox120", "safari17.5"],
      chunkSizeWarningLimit: 700,
      license: { fileName: "licences.md" },
      // Everything comes from files of our own, as the Content-Security-Policy asks.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
    server: { proxy: { "/api": cloud, "/schema": cloud } },
    test: { include: ["src/**/*.test.ts"], environment: "node" },
  };
});
