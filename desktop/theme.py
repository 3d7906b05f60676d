"""Colours, fonts and the style sheet: dark and quiet, one accent, readable in a dim room."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

WINDOW = "#15171a"
PANEL = "#1b1e22"
RAISED = "#24282d"
FIELD = "#121417"
BORDER = "#32373e"
TEXT = "#d3d7dd"
MUTED = "#99a1ab"
FAINT = "#878f9a"
ACCENT = "#5aa3c9"
ACCENT_DEEP = "#2d607e"
AI_TINT = "#1f3340"
AI_EDITED_TINT = "#242c33"
AI_MARK = "#7fbcdb"
LINKED_TINT = "#4a3b1d"
FIELD_TINT = "#2c2f1e"
MANDATORY_TINT = "#452420"
WARNING = "#d9a94e"
ERROR = "#ec8f80"
ERROR_GROUND = "#3a2220"
GOOD = "#8fbf95"
GAZE = "#f0b95a"
ALARM = "#d83a3a"
ALARM_GROUND = "#8f1d1d"
RECORDED_GAZE = "#7fd6c2"
OTHER_GAZE = "#d7a6e8"
SECOND_LOOK = "#f2e27a"

SPACE_PX = 8
"""The step of the layout grid."""

RESEARCH_NOTICE = "Research use only - not for primary diagnosis"

_FAMILIES = ("Inter", "Noto Sans", "Segoe UI", "Helvetica Neue", "DejaVu Sans")


def contrast_ratio(first: str, second: str) -> float:
    """Contrast of two colours ("#rrggbb"), 1 to 21 (WCAG 2.2, definition of contrast ratio)."""

    def luminance(name: str) -> float:
        colour = QColor(name)
        channels = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def apply_theme(application: QApplication, text_px: int = 13) -> None:
    """Give the application its style, palette, font and style sheet; text is ``text_px`` high, captions a bit less."""
    application.setStyle("Fusion")
    application.setPalette(_palette())
    installed = set(QFontDatabase.families())
    family = next((name for name in _FAMILIES if name in installed), application.font().family())
    font = QFont(family)
    font.setPixelSize(text_px)
    application.setFont(font)
    application.setStyleSheet(_style_sheet(text_px))


def _palette() -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: WINDOW,
        QPalette.ColorRole.WindowText: TEXT,
        QPalette.ColorRole.Base: FIELD,
        QPalette.ColorRole.AlternateBase: PANEL,
        QPalette.ColorRole.Text: TEXT,
        QPalette.ColorRole.Button: RAISED,
        QPalette.ColorRole.ButtonText: TEXT,
        QPalette.ColorRole.BrightText: ERROR,
        QPalette.ColorRole.ToolTipBase: RAISED,
        QPalette.ColorRole.ToolTipText: TEXT,
        QPalette.ColorRole.Highlight: ACCENT_DEEP,
        QPalette.ColorRole.HighlightedText: "#ffffff",
        QPalette.ColorRole.PlaceholderText: FAINT,
        QPalette.ColorRole.Link: ACCENT,
        QPalette.ColorRole.Light: BORDER,
        QPalette.ColorRole.Midlight: RAISED,
        QPalette.ColorRole.Mid: BORDER,
        QPalette.ColorRole.Dark: FIELD,
        QPalette.ColorRole.Shadow: "#000000",
    }
    for role, name in roles.items():
        palette.setColor(role, QColor(name))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(FAINT))
    return palette


def _style_sheet(text_px: int) -> str:
    small_px, title_px, report_px = text_px - 2, text_px + 2, text_px + 1
    return f"""
    QWidget {{ outline: 0; }}
    QMainWindow, QWidget#page {{ background: {WINDOW}; }}
    QWidget#panel {{ background: {PANEL}; }}
    QFrame#line {{ background: {BORDER}; border: 0; max-height: 1px; min-height: 1px; }}
    QLabel#muted {{ color: {MUTED}; }}
    QLabel#caption {{ color: {MUTED}; font-size: {small_px}px; font-weight: 600; letter-spacing: 0.5px; }}
    QLabel#title {{ color: {TEXT}; font-size: {title_px}px; font-weight: 600; }}
    QLabel#research {{ color: {WARNING}; font-size: {small_px}px; }}
    QLabel#caution {{ color: {WARNING}; font-size: {text_px - 1}px; }}
    QLabel#chip {{ color: {TEXT}; background: {RAISED}; border: 1px solid {BORDER}; border-radius: 3px;
                   padding: 1px 7px; font-size: {small_px}px; }}
    QLabel#fault {{ color: {ERROR}; }}
    QFrame#notice {{ background: {RAISED}; border: 0; border-top: 1px solid {BORDER}; }}
    QFrame#notice[fault="true"] {{ background: {ERROR_GROUND}; }}
    QFrame#notice[fault="true"] QLabel {{ color: {ERROR}; }}
    QFrame#draftPane {{ background: {FIELD}; border: 1px dashed {BORDER}; border-radius: 3px; }}
    QFrame#loginCard {{ background: {PANEL}; border: 1px solid {BORDER}; border-radius: 5px; }}
    QFrame#callout {{ background: {RAISED}; border: 1px solid {ACCENT}; border-radius: 6px; }}
    QFrame#signBar {{ background: {RAISED}; border: 1px solid {ACCENT_DEEP}; border-radius: 4px; }}
    QMenuBar {{ background: {WINDOW}; color: {MUTED}; padding: 0 4px; }}
    QMenuBar::item {{ padding: 5px 9px; background: transparent; }}
    QMenuBar::item:selected {{ background: {RAISED}; color: {TEXT}; }}
    QMenu {{ background: {RAISED}; border: 1px solid {BORDER}; padding: 4px 0; }}
    QMenu::item {{ padding: 5px 26px 5px 22px; }}
    QMenu::item:selected {{ background: {ACCENT_DEEP}; }}
    QMenu::item:disabled {{ color: {FAINT}; }}
    QMenu::separator {{ height: 1px; background: {BORDER}; margin: 4px 8px; }}
    QPushButton {{ background: {RAISED}; border: 1px solid {BORDER}; border-radius: 3px; padding: 5px 12px; }}
    QPushButton:hover {{ border-color: {FAINT}; }}
    QPushButton:focus {{ border-color: {ACCENT}; }}
    QPushButton:pressed, QPushButton:checked {{ background: {ACCENT_DEEP}; border-color: {ACCENT_DEEP}; }}
    QPushButton:disabled {{ color: {FAINT}; background: {PANEL}; }}
    QPushButton#small {{ padding: 1px 9px; font-size: {text_px - 1}px; }}
    QPushButton#primary {{ background: {ACCENT_DEEP}; border-color: {ACCENT_DEEP}; color: #ffffff; }}
    QPushButton#primary:hover {{ border-color: {ACCENT}; }}
    QPushButton#primary:focus {{ border-color: #ffffff; }}
    QPushButton#primary:disabled {{ background: {PANEL}; border-color: {BORDER}; color: {FAINT}; }}
    QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 3px; padding: 4px 8px;
                   color: {MUTED}; }}
    QToolButton:hover {{ background: {RAISED}; color: {TEXT}; }}
    QToolButton:checked {{ background: {RAISED}; color: {TEXT}; border-color: {BORDER}; }}
    QToolButton:disabled {{ color: {FAINT}; }}
    QToolButton::menu-indicator {{ image: none; width: 0; }}
    QLineEdit, QPlainTextEdit {{ background: {FIELD}; border: 1px solid {BORDER}; border-radius: 3px;
                                 padding: 4px 6px; selection-background-color: {ACCENT_DEEP}; }}
    QLineEdit {{ min-height: {text_px + 4}px; }}
    QComboBox QLineEdit, QAbstractSpinBox QLineEdit {{ min-height: 0; }}
    QPlainTextEdit {{ font-size: {report_px}px; }}
    QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {ACCENT_DEEP}; }}
    QLineEdit:read-only, QPlainTextEdit:read-only {{ background: {PANEL}; }}
    QTableView {{ background: {FIELD}; alternate-background-color: {PANEL}; border: 0; gridline-color: {BORDER};
                  selection-background-color: {ACCENT_DEEP}; }}
    QTableView::item {{ padding: 0 8px; border: 0; }}
    QHeaderView {{ background: {PANEL}; }}
    QHeaderView::section {{ background: {PANEL}; color: {MUTED}; border: 0; border-bottom: 1px solid {BORDER};
                            padding: 6px 8px 6px 11px; font-size: {small_px}px; font-weight: 600; }}
    QSplitter::handle {{ background: {BORDER}; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {BORDER}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {FAINT}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: transparent; width: 0; height: 0; }}
    QProgressBar {{ background: {FIELD}; border: 1px solid {BORDER}; border-radius: 3px; max-height: 6px; }}
    QProgressBar::chunk {{ background: {ACCENT}; border-radius: 2px; }}
    QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {BORDER}; padding: 3px 6px; }}
    QTabWidget::pane {{ border: 0; }}
    QTabBar::tab {{ background: transparent; color: {MUTED}; padding: 7px 14px; border-bottom: 2px solid transparent; }}
    QTabBar::tab:hover {{ color: {TEXT}; }}
    QTabBar::tab:selected {{ color: {TEXT}; border-bottom-color: {ACCENT}; }}
    QTabBar::tab:focus {{ background: {RAISED}; }}
    QTreeView {{ background: {FIELD}; alternate-background-color: {PANEL}; border: 1px solid {BORDER};
                 selection-background-color: {ACCENT_DEEP}; }}
    QTreeView::item {{ padding: 3px 4px; }}
    QComboBox {{ background: {RAISED}; border: 1px solid {BORDER}; border-radius: 3px; padding: 4px 8px; }}
    QComboBox:focus {{ border-color: {ACCENT}; }}
    QComboBox QAbstractItemView {{ background: {RAISED}; selection-background-color: {ACCENT_DEEP}; }}
    QCheckBox {{ spacing: 7px; }}
    QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {FAINT}; border-radius: 2px;
                            background: {FIELD}; }}
    QCheckBox::indicator:checked {{ background: {ACCENT}; border: 3px solid {FIELD}; width: 9px; height: 9px; }}
    QRadioButton {{ spacing: 7px; }}
    QRadioButton::indicator {{ width: 13px; height: 13px; border: 1px solid {FAINT}; border-radius: 7px;
                               background: {FIELD}; }}
    QRadioButton::indicator:checked {{ background: {ACCENT}; border: 3px solid {FIELD}; width: 9px; height: 9px; }}
    QRadioButton::indicator:focus {{ border-color: {ACCENT}; }}
    QCheckBox::indicator:focus {{ border-color: {ACCENT}; }}
    """
