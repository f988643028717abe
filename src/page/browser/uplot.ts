/** The plotting library: from source, its own file is served in the place of this one (src/page/assets.ts). */
export { default } from "uplot";
